using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Lab.Addons.Maintenance;

/// <summary>A request to take a node out of service for a while.</summary>
[KubernetesEntity(Group = "maintenance.nvidia.com", ApiVersion = "v1alpha1", Kind = "NodeMaintenance", PluralName = "nodemaintenances")]
internal sealed class NodeMaintenance : CustomObject<Anything, Anything>;

/// <summary>Cordons and drains nodes for those who ask by a NodeMaintenance, and gives them back when it is deleted.</summary>
internal sealed class MaintenanceComponent : IComponent
{
    private const string Finalizer = "maintenance.nvidia.com/finalizer";

    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => AddonHost.RunAsync(
        context,
        (cache, stop) =>
        [
            Controller.For<NodeMaintenance>(cache, "maintenance").WatchesForAll<V1Pod>(null, p => p.Metadata.DeletionTimestamp is not null)
                .Build((key, c) => ReconcileAsync(cache, key, context.Time, c), context.Loggers, context.Time).RunAsync(stop),
        ],
        cancellation);

    private static async Task<Result> ReconcileAsync(Cache cache, NamespacedName key, TimeProvider time, CancellationToken cancellation)
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
                await CordonAsync(cache, node, null, cancellation);
            }

            await cache.Client.RemoveFinalizerAsync(request, Finalizer, cancellation);
            return Result.Done;
        }

        request = await cache.Client.AddFinalizerAsync(request, Finalizer, cancellation);
        if (cordon)
        {
            await CordonAsync(cache, node, true, cancellation);
        }

        if (request.Spec["drainSpec"] is JsonObject drain && await DrainAsync(cache, node, drain, cancellation))
        {
            await ReportAsync(cache, request, false, "Draining", time, cancellation);
            return Result.Done;
        }

        await ReportAsync(cache, request, true, "Ready", time, cancellation);
        return Result.Done;
    }

    private static async Task CordonAsync(Cache cache, string node, bool? unschedulable, CancellationToken cancellation)
    {
        if (await cache.Client.GetAsync<V1Node>(null, node, cancellation) is { } present && (present.Spec.Unschedulable ?? false) != (unschedulable ?? false))
        {
            await cache.Client.PatchAsync<V1Node>(
                null, node, new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = unschedulable } }, cancellation);
        }
    }

    /// <summary>Deletes what a drain deletes; true while some of it is still there.</summary>
    private static async Task<bool> DrainAsync(Cache cache, string node, JsonObject drain, CancellationToken cancellation)
    {
        var force = (bool?)drain["force"] ?? false;
        var pods = cache.Informer<V1Pod>().All.Where(p => p.Spec.NodeName == node && p.Status?.Phase is not ("Succeeded" or "Failed") &&
            p.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") != true &&
            p.Metadata.OwnerReferences?.Any(o => o.Kind == "DaemonSet") != true &&
            (force || p.Metadata.OwnerReferences?.Any(o => o.Controller == true) == true)).ToList();
        foreach (var pod in pods.Where(p => p.Metadata.DeletionTimestamp is null))
        {
            await cache.Client.DeleteAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, cancellation, uid: pod.Metadata.Uid);
        }

        return pods.Count > 0;
    }

    private static async Task ReportAsync(
        Cache cache, NodeMaintenance request, bool ready, string reason, TimeProvider time, CancellationToken cancellation)
    {
        var conditions = request.Status?["conditions"] is JsonArray list
            ? KubernetesJson.Deserialize<List<V1Condition>>(list.ToJsonString())
            : [];
        if (conditions.Set("Ready", ready, reason, "", request.Metadata.Generation, time.GetUtcNow()))
        {
            await cache.Client.PatchStatusAsync<NodeMaintenance>(
                request.Metadata.NamespaceProperty, request.Metadata.Name,
                new JsonObject { ["status"] = new JsonObject { ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)) } }, cancellation);
        }
    }
}
