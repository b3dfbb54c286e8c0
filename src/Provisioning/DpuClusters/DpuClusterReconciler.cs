using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>
/// The provisioning controller's side of a DPUCluster: takes note of it, asks its control plane for a sign of life, and holds it
/// until the last DPU has left.
/// </summary>
public sealed class DpuClusterReconciler(
    Cache cache, ClusterClients clusters, EventRecorder events, TimeProvider time, ILogger logger) : IReconciler
{
    private static readonly TimeSpan WhenReady = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WhenNotReady = TimeSpan.FromSeconds(2);

    // A new address answers at once or, while it moves, not at all; one that was in use gets the client's own patience.
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(2);

    /// <summary>A controller of all DPUClusters.</summary>
    /// <param name="cache">The management cluster.</param>
    /// <param name="clusters">The clients of DPU clusters, shared with the other controllers.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="time">The clock.</param>
    public static RunningController<DpuCluster> Build(Cache cache, ClusterClients clusters, ILoggerFactory loggers, TimeProvider time)
    {
        var logger = loggers.CreateLogger("dpucluster");
        return Controller.For<DpuCluster>(cache, "dpucluster")
            .Watches<Dpu>(dpu => ClusterAllocation.Of(dpu) is { } cluster && IsDeleting(cluster) ? [cluster] : [])
            .ResyncEvery(TimeSpan.FromMinutes(10))
            .Build(
                new DpuClusterReconciler(cache, clusters, new EventRecorder(cache.Client, "dpucluster", time, logger), time, logger),
                loggers, time);

        // Only a cluster that wants to go waits for its DPUs.
        bool IsDeleting(NamespacedName cluster) => cache.Informer<DpuCluster>().Get(cluster.Namespace, cluster.Name)?.IsDeleting() == true;
    }

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<DpuCluster>().Get(key.Namespace, key.Name) is not { } cluster)
        {
            return Result.Done;
        }

        var remaining = cluster.IsDeleting() ? await DpusOfAsync(key, cancellation) : 0;
        if (cluster.IsDeleting() && remaining == 0)
        {
            await cache.Client.RemoveFinalizerAsync(cluster, ClusterContract.InternalFinalizer, cancellation);
            return Result.Done;
        }

        if (!cluster.IsDeleting())
        {
            cluster = await cache.Client.AddFinalizerAsync(cluster, ClusterContract.InternalFinalizer, cancellation);
        }

        var failure = !cluster.IsDeleting() && ClusterPhases.IsCreated(cluster) ? await ProbeAsync(cluster, cancellation) : null;
        var conditions = ClusterStatusWriter.ConditionsOf(cluster);
        var phase = ClusterPhases.Next(cluster, conditions, failure, remaining, time.GetUtcNow());
        if (await ClusterStatusWriter.WriteAsync(cache.Client, cluster, phase, conditions, cancellation))
        {
            await AnnounceAsync(cluster, phase, failure, remaining, cancellation);
        }

        return phase switch
        {
            ClusterContract.ReadyPhase => Result.RequeueAfter(WhenReady),
            ClusterContract.NotReady => Result.RequeueAfter(WhenNotReady),
            _ => Result.Done,
        };
    }

    // Not from the local copy, which may lie behind: what is let go here does not come back.
    private async Task<int> DpusOfAsync(NamespacedName cluster, CancellationToken cancellation) =>
        (await cache.Client.ListAsync<Dpu>(null, cancellation)).Count(dpu => ClusterAllocation.Of(dpu) == cluster);

    /// <summary>Asks something that only an administrator may know: the server, the way to it and the credentials are proven at once.</summary>
    private async Task<string?> ProbeAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        var secret = new NamespacedName(cluster.Metadata.NamespaceProperty, cluster.Spec.Kubeconfig ?? "");
        try
        {
            if (secret.Name.Length == 0 || await clusters.GetAsync(secret, cancellation) is not { } remote)
            {
                return $"there is no Secret {secret}; spec.kubeconfig names the one with the administrator's kubeconfig";
            }

            var limit = cluster.Phase() == ClusterContract.ReadyPhase ? Timeout.InfiniteTimeSpan : Impatience;
            using var patience = new CancellationTokenSource(limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
            await remote.Client.GetRawAsync("/api/v1/nodes?limit=1", either.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer in {Impatience.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or FormatException)
        {
            return e.InnerException is System.Net.Sockets.SocketException inner ? $"{e.Message}: {inner.Message}" : e.Message;
        }
    }

    private async Task AnnounceAsync(DpuCluster before, string phase, string? failure, int remaining, CancellationToken cancellation)
    {
        if (before.IsDeleting())
        {
            await events.WarningAsync(before, "AwaitingDeletion", $"{remaining} DPUs are in this cluster; delete them first", cancellation);
            return;
        }

        if (before.Phase() == phase)
        {
            return;
        }

        logger.LogInformation("DPUCluster {Cluster}: {Before} → {Phase} {Failure}", before.Metadata.Name, before.Phase(), phase, failure);
        if (phase == ClusterContract.ReadyPhase)
        {
            await events.NormalAsync(before, "Ready", "the control plane answers", cancellation);
        }
        else if (phase == ClusterContract.NotReady)
        {
            await events.WarningAsync(before, "NotReady", failure ?? "the cluster's manager reports that it is not there", cancellation);
        }
    }
}
