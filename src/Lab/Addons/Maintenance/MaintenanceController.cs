using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Maintenance;

/// <summary>Cordons and drains the node of a NodeMaintenance, and gives it back when that is deleted.</summary>
internal sealed class MaintenanceController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string Finalizer = "maintenance.nvidia.com/finalizer";

    // A budget that has room again tells nobody.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<NodeMaintenance>(cache, "maintenance").WatchesForAll<V1Pod>(null, p => p.Metadata.DeletionTimestamp is not null)
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<NodeMaintenance>().Get(key.Namespace, key.Name) is not { } request)
        {
            return Result.Done;
        }

        var node = (string?)request.Spec["nodeName"] ?? "";
        var cordon = (bool?)request.Spec["cordon"] ?? true;
        if (request.IsDeleting())
        {
            if (cordon)
            {
                await CordonAsync(node, null, cancellation);
            }

            await cache.Client.RemoveFinalizerAsync(request, Finalizer, cancellation);
            return Result.Done;
        }

        request = await cache.Client.AddFinalizerAsync(request, Finalizer, cancellation);
        if (cordon)
        {
            await CordonAsync(node, true, cancellation);
        }

        if (request.Spec["waitForPodCompletion"] is JsonObject wait && Running(node, wait, request) is { Count: > 0 } running)
        {
            var status = new JsonObject { ["waitForCompletion"] = new JsonArray([.. running.Select(n => (JsonNode)n)]) };
            await ReportAsync(request, "WaitForPodCompletion", $"still running: {string.Join(", ", running)}", status, cancellation);
            return Result.RequeueAfter(Again);
        }

        var progress = new JsonObject { ["waitForCompletion"] = null };
        if (request.Spec["drainSpec"] is JsonObject drain)
        {
            var plan = DrainPlan.Of(drain, cache.Informer<V1Pod>().All.Where(p => p.Spec.NodeName == node));
            progress["drain"] = Progress(request, node, plan);
            if (plan.Left.Count > 0)
            {
                List<string> reasons = [.. plan.Kept.Select(k => $"{DrainPlan.Name(k.Pod)}: {k.Why}"), .. await EvictAsync(plan, cancellation)];
                await ReportAsync(request, "Draining", string.Join("; ", reasons), progress, cancellation);
                return Result.RequeueAfter(Again);
            }
        }

        await ReportAsync(request, "Ready", "", progress, cancellation);
        return Result.Done;
    }

    private async Task CordonAsync(string node, bool? unschedulable, CancellationToken cancellation)
    {
        if (await cache.Client.GetAsync<V1Node>(null, node, cancellation) is { } present && (present.Spec?.Unschedulable ?? false) != (unschedulable ?? false))
        {
            await cache.Client.PatchAsync<V1Node>(
                null, node, new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = unschedulable } }, cancellation);
        }
    }

    /// <summary>The pods whose end a maintenance waits for; none once it has waited for long enough.</summary>
    private List<string> Running(string node, JsonObject wait, NodeMaintenance request)
    {
        var seconds = (int?)wait["timeoutSeconds"] ?? 0;
        var began = request.Metadata.CreationTimestamp?.ToUniversalTime() ?? time.GetUtcNow().UtcDateTime;
        return seconds > 0 && time.GetUtcNow().UtcDateTime >= began.AddSeconds(seconds)
            ? []
            :
            [
                .. cache.Informer<V1Pod>().All.Where(p =>
                    p.Spec.NodeName == node && p.Status?.Phase is not ("Succeeded" or "Failed") && DrainPlan.Selects((string?)wait["podSelector"], p))
                    .Select(DrainPlan.Name).Order(StringComparer.Ordinal),
            ];
    }

    /// <summary>How far a drain is, counted from what it began with.</summary>
    private JsonObject Progress(NodeMaintenance request, string node, DrainPlan plan)
    {
        var left = plan.Left.Count;
        var before = request.Status?["drain"] as JsonObject;
        var begun = Math.Max((int?)before?["evictionPods"] ?? left, left);
        return new JsonObject
        {
            ["totalPods"] = (int?)before?["totalPods"] ?? cache.Informer<V1Pod>().All.Count(p => p.Spec.NodeName == node),
            ["evictionPods"] = begun,
            ["drainProgress"] = begun == 0 ? 100 : 100 * (begun - left) / begun,
            ["waitForEviction"] = left == 0 ? null : new JsonArray([.. plan.Left.Select(n => (JsonNode)n)]),
        };
    }

    /// <summary>Asks for the eviction of what is not on its way out yet; why it is refused, <c>ns/name: reason</c>.</summary>
    private async Task<IReadOnlyList<string>> EvictAsync(DrainPlan plan, CancellationToken cancellation)
    {
        var refusals = new List<string>();
        foreach (var pod in plan.Evict.Where(p => p.Metadata.DeletionTimestamp is null))
        {
            var (ns, name) = (pod.Metadata.NamespaceProperty, pod.Metadata.Name);
            try
            {
                await cache.Client.SendRawAsync(
                    HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/{name}/eviction",
                    new JsonObject
                    {
                        ["apiVersion"] = "policy/v1", ["kind"] = "Eviction", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
                        ["deleteOptions"] = new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = pod.Metadata.Uid } },
                    },
                    cancellation);
            }
            catch (KubeException e) when (e.IsNotFound || e.IsConflict)
            {
                // Gone, or another one of its name.
            }
            catch (KubeException e)
            {
                refusals.Add($"{DrainPlan.Name(pod)}: {e.ServerMessage}");
            }
        }

        return refusals;
    }

    private async Task ReportAsync(NodeMaintenance request, string phase, string message, JsonObject status, CancellationToken cancellation)
    {
        var conditions = request.Status?["conditions"] is JsonArray list
            ? KubernetesJson.Deserialize<List<V1Condition>>(list.ToJsonString())
            : [];
        var isNew = conditions.Set("Ready", phase == "Ready", phase, message, request.Metadata.Generation, time.GetUtcNow());
        if (isNew || status.Any(field => !Containment.Holds(request.Status?[field.Key], field.Value)))
        {
            status["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions));
            await cache.Client.PatchStatusAsync<NodeMaintenance>(
                request.Metadata.NamespaceProperty, request.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
        }
    }
}
