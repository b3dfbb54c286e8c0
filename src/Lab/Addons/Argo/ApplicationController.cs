using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Argo;

/// <summary>Renders charts and keeps what they say applied: prunes, heals, and reports sync and health.</summary>
/// <param name="renderer">Renders charts.</param>
public sealed class ApplicationControllerComponent(IChartRenderer renderer) : IComponent
{
    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => AddonHost.RunAsync(
        context,
        (cache, stop) => [new ApplicationController(cache, context, renderer, AddonHost.Namespace(context)).RunAsync(stop)],
        cancellation);
}

/// <summary>The controller of Applications of one namespace.</summary>
internal sealed class ApplicationController(Cache cache, ComponentContext context, IChartRenderer renderer, string ns)
{
    private const string Manager = "argocd-controller";
    private const string Finalizer = "resources-finalizer.argocd.argoproj.io";
    private const string SkipReconcile = "argocd.argoproj.io/skip-reconcile";
    private static readonly string[] First =
        ["Namespace", "CustomResourceDefinition", "ServiceAccount", "Secret", "ConfigMap", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service"];

    private readonly ILogger _logger = context.Loggers.CreateLogger("argocd");

    // What was applied last, by Application; missing means: apply.
    private readonly ConcurrentDictionary<string, string> _applied = new(StringComparer.Ordinal);
    private Action<NamespacedName> _enqueue = _ => { };

    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var destinations = new Destinations(cache, context, ns, (application, byHand) =>
        {
            if (byHand)
            {
                _applied.TryRemove(application, out _);
            }

            _enqueue(new NamespacedName(ns, application));
        });
        var scope = new InformerScope(ns);
        await Controller.For<Application>(cache, "applications", scope)
            .WatchesForAll<V1Secret>(Destinations.Clusters(ns))
            .Source(enqueue => _enqueue = enqueue)
            .Build((key, c) => ReconcileAsync(cache.Informer<Application>(scope).Get(key.Namespace, key.Name), destinations, c), context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    private async Task<Result> ReconcileAsync(Application? application, Destinations destinations, CancellationToken cancellation)
    {
        if (application is null)
        {
            return Result.Done;
        }

        var cluster = await destinations.GetAsync(application.Cluster);
        if (application.IsDeleting())
        {
            return await DeleteAsync(application, cluster, cancellation);
        }

        if (application.Metadata.Annotations?.TryGetValue(SkipReconcile, out var skip) == true && skip == "true")
        {
            return Result.Done;
        }

        if (cluster is null)
        {
            await FailAsync(application, "ComparisonError", $"destination cluster \"{application.Cluster}\" is not known", cancellation);
            return Result.Done;
        }

        IReadOnlyList<DeployedResource> resources;
        try
        {
            resources = await SyncAsync(application, cluster, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _applied.TryRemove(application.Metadata.Name, out _);
            await FailAsync(application, "SyncError", e.Message, cancellation);
            throw;
        }

        List<(DeployedResource Resource, string Health)> parts = [];
        foreach (var resource in resources)
        {
            var live = Health.Of(resource.Kind, null).Length == 0
                ? null
                : await cluster.GetAsync(resource.ApiVersion, resource.Kind, resource.Namespace, resource.Name, cancellation);
            parts.Add((resource, Health.Of(resource.Kind, live)));
        }

        await ReportAsync(application, new JsonObject
        {
            ["sync"] = new JsonObject { ["status"] = "Synced", ["revision"] = application.Revision },
            ["health"] = new JsonObject { ["status"] = Health.Summary(parts.Select(p => p.Health)) },
            ["resources"] = new JsonArray([.. parts.Select(p => (JsonNode)p.Resource.ToStatus(p.Health))]),
            ["operationState"] = Operation(application, "Succeeded", "successfully synced (all tasks run)"),
            ["conditions"] = null,
        }, cancellation);
        return Result.Done;
    }

    private async Task<IReadOnlyList<DeployedResource>> SyncAsync(Application application, KubeClient cluster, CancellationToken cancellation)
    {
        var name = application.Metadata.Name;
        var digest = $"{application.Metadata.Uid}\n{cluster.Connection.Server}\n{application.Spec.Fields?.ToJsonString()}";
        if (_applied.TryGetValue(name, out var applied) && applied == digest && application.Status?["resources"] is not null)
        {
            return application.Deployed;
        }

        // Said first: whoever puts a hand on a workload from here on is seen.
        _applied[name] = digest;
        var request = await RequestAsync(application, cluster, cancellation);
        var objects = (await renderer.RenderAsync(request, cancellation))
            .OrderBy(o => Array.IndexOf(First, (string)o["kind"]!) is var i && i < 0 ? First.Length : i).ToList();
        List<DeployedResource> resources = [];
        foreach (var manifest in objects)
        {
            var metadata = manifest["metadata"]!.AsObject();
            (metadata["labels"] ??= new JsonObject())[Application.InstanceLabel] = name;
            var live = await cluster.ApplyAsync(manifest, Manager, cancellation, application.Namespace);
            resources.Add(new DeployedResource(
                (string)manifest["apiVersion"]!, (string)manifest["kind"]!, (string?)live["metadata"]?["namespace"], (string)metadata["name"]!));
        }

        if ((bool?)application.Spec["syncPolicy"]?["automated"]?["prune"] == true)
        {
            foreach (var stale in application.Deployed.Except(resources))
            {
                await cluster.DeleteAsync(stale.ApiVersion, stale.Kind, stale.Namespace, stale.Name, cancellation);
            }
        }

        _logger.LogInformation("{Application}: {Count} objects applied to {Cluster}", name, resources.Count, application.Cluster);
        return resources;
    }

    private async Task<ChartRequest> RequestAsync(Application application, KubeClient cluster, CancellationToken cancellation)
    {
        var source = application.Spec["source"] ?? throw new FormatException($"Application {application.Metadata.Name}: spec.source is missing");
        var repository = (string?)source["repoURL"] ?? "";
        var version = await cluster.GetRawAsync("/version", cancellation);
        var secrets = await cache.Client.ListAsync<V1Secret>(ns, cancellation, "argocd.argoproj.io/secret-type=repository");
        static string? Text(V1Secret secret, string key) =>
            secret.Data?.TryGetValue(key, out var bytes) == true ? Encoding.UTF8.GetString(bytes) : null;
        var known = secrets.FirstOrDefault(s => Text(s, "url") is { Length: > 0 } url && repository.StartsWith(url, StringComparison.Ordinal));
        return new ChartRequest(
            repository,
            (string?)source["chart"] ?? (string?)source["path"] ?? throw new FormatException("spec.source.chart is missing"),
            application.Revision,
            (string?)source["helm"]?["releaseName"] ?? application.Metadata.Name,
            application.Namespace,
            source["helm"]?["valuesObject"]?.DeepClone() as JsonObject ?? [],
            (string?)version?["gitVersion"] ?? "v1.30.2")
        {
            Credentials = known is not null && Text(known, "username") is { } user ? (user, Text(known, "password") ?? "") : null,
            Network = context.Network,
        };
    }

    private async Task<Result> DeleteAsync(Application application, KubeClient? cluster, CancellationToken cancellation)
    {
        _applied.TryRemove(application.Metadata.Name, out _);
        if (!application.HasFinalizer(Finalizer))
        {
            return Result.Done;
        }

        // Of a cluster that nobody describes any more nothing is left to delete.
        var left = 0;
        foreach (var resource in cluster is null ? [] : application.Deployed.Reverse())
        {
            try
            {
                if (await cluster!.GetAsync(resource.ApiVersion, resource.Kind, resource.Namespace, resource.Name, cancellation) is { } live)
                {
                    left++;
                    if (live["metadata"]?["deletionTimestamp"] is null)
                    {
                        await cluster!.DeleteAsync(
                            resource.ApiVersion, resource.Kind, resource.Namespace, resource.Name, cancellation, "Foreground");
                    }
                }
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // The kind itself is gone, and its objects with it.
            }
        }

        if (left > 0)
        {
            return Result.RequeueAfter(TimeSpan.FromMilliseconds(250));
        }

        await cache.Client.RemoveFinalizerAsync(application, Finalizer, cancellation);
        return Result.Done;
    }

    private Task FailAsync(Application application, string type, string message, CancellationToken cancellation) =>
        ReportAsync(application, new JsonObject
        {
            ["sync"] = new JsonObject { ["status"] = type == "SyncError" ? "OutOfSync" : "Unknown" },
            ["health"] = new JsonObject { ["status"] = type == "SyncError" ? Health.Missing : "Unknown" },
            ["operationState"] = Operation(application, "Failed", message),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = type, ["message"] = message }),
        }, cancellation);

    // The automatic sync that ended so; its times are those of the first that did.
    private JsonNode Operation(Application application, string phase, string message)
    {
        var revision = application.Revision;
        if (application.Status?["operationState"] is JsonObject before && (string?)before["phase"] == phase
            && (string?)before["message"] == message && (string?)before["operation"]?["sync"]?["revision"] == revision)
        {
            return before.DeepClone();
        }

        var now = context.Time.GetUtcNow().ToRfc3339();
        return new JsonObject
        {
            ["operation"] = new JsonObject
            {
                ["initiatedBy"] = new JsonObject { ["automated"] = true },
                ["sync"] = new JsonObject { ["revision"] = revision },
            },
            ["phase"] = phase,
            ["message"] = message,
            ["startedAt"] = now,
            ["finishedAt"] = now,
        };
    }

    private async Task ReportAsync(Application application, JsonObject status, CancellationToken cancellation)
    {
        var before = application.Status?.Fields;
        if (status.All(p => JsonNode.DeepEquals(p.Value, before?[p.Key])))
        {
            return;
        }

        await cache.Client.PatchAsync<Application>(
            ns, application.Metadata.Name, new JsonObject { ["status"] = status }, cancellation, fieldManager: Manager);
    }
}
