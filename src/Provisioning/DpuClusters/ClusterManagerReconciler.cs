using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>
/// What all managers of DPUClusters have in common: they act on clusters of their own type that the provisioning controller has
/// taken note of, publish the kubeconfig before they call the cluster created, and take it down when the last DPU has left.
/// </summary>
internal sealed class ClusterManagerReconciler(Cache cache, IClusterManager manager, EventRecorder events, TimeProvider time) : IReconciler
{
    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<DpuCluster>().Get(key.Namespace, key.Name) is not { } cluster || cluster.Spec.Type != manager.Type)
        {
            return Result.Done;
        }

        if (cluster.IsDeleting())
        {
            // Leaving needs the control plane.
            if (!cluster.HasFinalizer(ClusterContract.InternalFinalizer) && await manager.CleanUpAsync(cluster, cancellation))
            {
                await cache.Client.RemoveFinalizerAsync(cluster, ClusterContract.ManagerFinalizer, cancellation);
            }

            return Result.Done;
        }

        cluster = await cache.Client.AddFinalizerAsync(cluster, ClusterContract.ManagerFinalizer, cancellation);
        if (!cluster.IsUnderWay())
        {
            return Result.Done;
        }

        var report = await ReportAsync(cluster, cancellation);
        await PublishAsync(cluster, report, cancellation);
        return new Result(report.LookAgain);
    }

    private async Task<ClusterReport> ReportAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        try
        {
            return await manager.ReconcileAsync(cluster, cancellation);
        }
        catch (KubeException e) when (!e.IsConflict)
        {
            await events.WarningAsync(cluster, "ReconcileFailed", e.Message, cancellation);
            throw;
        }
    }

    private async Task PublishAsync(DpuCluster cluster, ClusterReport report, CancellationToken cancellation)
    {
        if (report.Kubeconfig is { } secret && string.IsNullOrEmpty(cluster.Spec.Kubeconfig))
        {
            cluster = await cache.Client.PatchAsync<DpuCluster>(
                cluster.Metadata.NamespaceProperty, cluster.Metadata.Name,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = cluster.Metadata.ResourceVersion },
                    ["spec"] = new JsonObject { ["kubeconfig"] = secret },
                },
                cancellation);
        }

        var conditions = ClusterStatusWriter.ConditionsOf(cluster);
        conditions.RemoveAll(c => c.Type == report.Withdrawn);
        foreach (var fact in report.Facts)
        {
            conditions.Set(fact.Type, fact.Holds, fact.Reason, fact.Message, cluster.Metadata.Generation, time.GetUtcNow());
        }

        await ClusterStatusWriter.WriteAsync(cache.Client, cluster, cluster.Phase(), conditions, cancellation);
    }
}
