using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.BuiltIn;

/// <summary><c>pods/eviction</c>: ends a pod gracefully, unless a PodDisruptionBudget needs it (policy/v1 Eviction).</summary>
internal sealed class EvictionHandler(ServerComposition server) : IResourceHandler
{
    private const int RetrySeconds = 10;

    public async Task HandleAsync(ApiRequest request, CancellationToken cancellation)
    {
        var eviction = await server.Responses.ReadAsync(request.Http, null, cancellation);
        var (pods, info) = (request.Definition!, request.Info);
        var pod = server.Objects.Find(pods, info.Namespace, info.Name) ?? throw ApiErrors.NotFound(pods.GroupResource, info.Name);
        var ending = new DeleteRequest
        {
            GracePeriodSeconds = eviction.Number("deleteOptions", "gracePeriodSeconds"),
            PropagationPolicy = eviction.Text("deleteOptions", "propagationPolicy"),
            Uid = eviction.Text("deleteOptions", "preconditions", "uid"),
            ResourceVersion = eviction.Text("deleteOptions", "preconditions", "resourceVersion"),
        };
        ResourceOperations.CheckPreconditions(pods, ending, pod, info.Name);
        var options = new WriteOptions { DryRun = eviction.Texts("deleteOptions", "dryRun").Contains("All") };
        if (NeedsBudget(pod))
        {
            var now = server.Options.Time.GetUtcNow();
            if (Budget(pod) is { } budget)
            {
                await server.Objects.UpdateAsync(Budgets, info.Namespace, budget, "status", present => Spend(present, pod, now), options, cancellation);
            }

            await server.Objects.UpdateAsync(
                pods, info.Namespace, info.Name, "status",
                present => PodConditions.SetTrue(present, "DisruptionTarget", now, "EvictionByEvictionAPI", "Eviction API: evicting"), options, cancellation);
        }

        // The mark is a version of its own: from here on it is only the pod that has to be the same.
        await server.Objects.DeleteAsync(
            pods, info.Namespace, info.Name, ending with { Uid = pod.Text("metadata", "uid"), ResourceVersion = null }, options, cancellation);
        await server.Responses.WriteSuccessAsync(request.Http, cancellation);
    }

    private ResourceDefinition Budgets => server.Registry.FindPreferred("policy", "poddisruptionbudgets")!;

    /// <summary>What runs no more, does not run yet, or ends already takes nothing away.</summary>
    private static bool NeedsBudget(JsonObject pod) =>
        pod.Text("status", "phase") is not ("Succeeded" or "Failed" or "Pending") && pod.At("metadata", "deletionTimestamp") is null;

    /// <summary>The name of the budget that a pod belongs to; null for none.</summary>
    private string? Budget(JsonObject pod) =>
        server.Objects.List(Budgets, pod.Namespace()).Where(b => LabelSelector.From(b.At("spec", "selector"))?.Matches(pod) == true).ToList() switch
        {
            [] => null,
            [var only] => only.Name(),
            _ => throw new ApiException(
                500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."),
        };

    /// <summary>Takes one disruption from a budget for a pod.</summary>
    /// <exception cref="ApiException">It has none left (429).</exception>
    internal static JsonObject Spend(JsonObject budget, JsonObject pod, DateTimeOffset now)
    {
        budget.Map("metadata").Remove("resourceVersion");
        var (name, status) = (budget.Name(), budget.Map("status"));
        long Count(string field) => status.Number(field) ?? 0;
        var (healthy, needed) = (Count("currentHealthy"), Count("desiredHealthy"));
        var isReady = pod.Objects("status", "conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");
        if (!isReady && (budget.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || (needed > 0 && healthy >= needed)))
        {
            return budget;
        }

        if (Count("observedGeneration") < (budget.Number("metadata", "generation") ?? 0))
        {
            throw Refusal($"The disruption budget {name} is still being processed by the server.", RetrySeconds);
        }

        if (Count("disruptionsAllowed") <= 0)
        {
            throw Refusal($"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently", null);
        }

        status["disruptionsAllowed"] = Count("disruptionsAllowed") - 1;
        status.Map("disruptedPods")[pod.Name()] = Timestamp.Text(now);
        return budget;
    }

    private static ApiException Refusal(string why, int? retry) =>
        new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        {
            HasDetails = true, Causes = [new StatusCause("DisruptionBudget", why)], RetryAfterSeconds = retry,
        };
}
