using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>Removes pods of nodes that are gone, and deleted pods that never had a node: no kubelet will.</summary>
internal sealed class PodCleanup(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Pod>(cache, "pod-cleanup").Workers(1).Watches<V1Node>(node => node.Metadata.DeletionTimestamp is null &&
                cache.Informer<V1Node>().Get(null, node.Metadata.Name) is not null
                ? []
                : cache.Informer<V1Pod>().All.Where(p => p.Spec.NodeName == node.Metadata.Name)
                    .Select(p => new NamespacedName(p.Metadata.NamespaceProperty, p.Metadata.Name)))
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Pod>().Get(key.Namespace, key.Name) is not { } pod)
        {
            return Result.Done;
        }

        var node = pod.Spec.NodeName;
        var orphan = string.IsNullOrEmpty(node)
            ? pod.IsDeleting()
            : cache.Informer<V1Node>().Get(null, node) is null && await cache.Client.GetAsync<V1Node>(null, node, cancellation) is null;
        if (orphan)
        {
            await cache.Client.DeleteAsync<V1Pod>(key.Namespace, key.Name, cancellation, gracePeriodSeconds: 0, uid: pod.Metadata.Uid);
        }

        return Result.Done;
    }
}
