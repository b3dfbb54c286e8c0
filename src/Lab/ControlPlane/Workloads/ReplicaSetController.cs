using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Keeps as many pods of a template as a ReplicaSet says.</summary>
internal sealed class ReplicaSetController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1ReplicaSet>(cache, "replicaset").Owns<V1Pod>().Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1ReplicaSet>().Get(key.Namespace, key.Name) is not { } set)
        {
            return Result.Done;
        }

        var pods = cache.PodsOf(set);
        var wanted = set.Spec.Replicas ?? 1;
        if (!set.IsDeleting() && pods.Count(p => p.IsActive()) != wanted)
        {
            pods = await cache.CurrentPodsOfAsync(set, cancellation);
            var active = pods.Where(p => p.IsActive()).ToList();
            await Task.WhenAll(Enumerable.Range(0, Math.Max(0, wanted - active.Count)).Select(
                _ => cache.Client.CreatePodAsync(PodTemplates.NewPod(set, set.Spec.Template), cancellation)));
            foreach (var surplus in Surplus(active, active.Count - wanted))
            {
                await cache.Client.DeletePodAsync(surplus, cancellation);
            }
        }

        await WriteStatusAsync(set, pods, cancellation);
        return set.Spec.MinReadySeconds is > 0 && pods.Any(p => p.IsReady() && !p.IsAvailable(set.Spec.MinReadySeconds, time))
            ? Result.RequeueAfter(TimeSpan.FromSeconds(1))
            : Result.Done;
    }

    /// <summary>Which pods to give up: unscheduled before pending before unready before ready, young before old.</summary>
    internal static IEnumerable<V1Pod> Surplus(IEnumerable<V1Pod> active, int count) => active
        .OrderBy(p => p.Spec.NodeName is null ? 0 : p.Status?.Phase != "Running" ? 1 : !p.IsReady() ? 2 : 3)
        .ThenByDescending(p => p.Metadata.CreationTimestamp)
        .Take(Math.Max(0, count));

    private async Task WriteStatusAsync(V1ReplicaSet set, List<V1Pod> pods, CancellationToken cancellation)
    {
        var active = pods.Where(p => p.IsActive()).ToList();
        await cache.Client.WriteStatusAsync(
            set,
            set.Status,
            new V1ReplicaSetStatus
            {
                Replicas = active.Count,
                FullyLabeledReplicas = active.Count,
                ReadyReplicas = active.Count(p => p.IsReady()),
                AvailableReplicas = active.Count(p => p.IsAvailable(set.Spec.MinReadySeconds, time)),
                ObservedGeneration = set.Metadata.Generation,
            },
            cancellation);
    }
}
