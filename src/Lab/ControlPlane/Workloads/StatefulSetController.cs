using System.Globalization;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Keeps a StatefulSet's numbered pods, in order, each with its own claims.</summary>
internal sealed class StatefulSetController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string HashLabel = "controller-revision-hash";

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1StatefulSet>(cache, "statefulset").Owns<V1Pod>().Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1StatefulSet>().Get(key.Namespace, key.Name) is not { } set || set.IsDeleting())
        {
            return Result.Done;
        }

        var hash = $"{set.Metadata.Name}-{PodTemplates.Hash(set.Spec.Template)}";
        var wanted = set.Spec.Replicas ?? 1;
        var pods = cache.PodsOf(set).ToDictionary(p => p.Metadata.Name, StringComparer.Ordinal);
        var parallel = set.Spec.PodManagementPolicy == "Parallel";
        for (var i = 0; i < wanted; i++)
        {
            if (pods.GetValueOrDefault(NameOf(set, i)) is not { } pod)
            {
                await CreateAsync(set, i, hash, cancellation);
            }
            else if (pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is "Failed" or "Succeeded")
            {
                await cache.Client.DeletePodAsync(pod, cancellation);
            }
            else if (pod.IsReady())
            {
                continue;
            }

            if (!parallel)
            {
                break;
            }
        }

        foreach (var surplus in pods.Values.Where(p => OrdinalOf(p) >= wanted).OrderByDescending(OrdinalOf).Take(parallel ? int.MaxValue : 1))
        {
            await cache.Client.DeletePodAsync(surplus, cancellation);
        }

        var own = pods.Values.Where(p => OrdinalOf(p) < wanted).ToList();
        if (set.Spec.UpdateStrategy?.Type != "OnDelete" && own.Count(p => p.IsReady()) == wanted &&
            own.Where(p => HashOf(p) != hash).MaxBy(OrdinalOf) is { } outdated)
        {
            await cache.Client.DeletePodAsync(outdated, cancellation);
        }

        await cache.Client.WriteStatusAsync(set, set.Status, Status(set, pods.Values, hash), cancellation);
        return Result.Done;
    }

    private static string NameOf(V1StatefulSet set, int ordinal) => $"{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";

    private static int OrdinalOf(V1Pod pod) =>
        int.TryParse(pod.Metadata.Name.Split('-')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1;

    private static string? HashOf(V1Pod pod) => pod.Metadata.Labels?.TryGetValue(HashLabel, out var hash) == true ? hash : null;

    private V1StatefulSetStatus Status(V1StatefulSet set, IEnumerable<V1Pod> pods, string hash)
    {
        var active = pods.Where(p => p.IsActive()).ToList();
        var updated = active.Count(p => HashOf(p) == hash);
        var complete = updated == (set.Spec.Replicas ?? 1) && active.Count == updated;
        return new V1StatefulSetStatus
        {
            Replicas = active.Count,
            ReadyReplicas = active.Count(p => p.IsReady()),
            AvailableReplicas = active.Count(p => p.IsAvailable(set.Spec.MinReadySeconds, time)),
            UpdatedReplicas = updated,
            CurrentReplicas = complete ? updated : active.Count - updated,
            UpdateRevision = hash,
            CurrentRevision = complete ? hash : set.Status?.CurrentRevision ?? hash,
            ObservedGeneration = set.Metadata.Generation,
        };
    }

    private async Task CreateAsync(V1StatefulSet set, int ordinal, string hash, CancellationToken cancellation)
    {
        var pod = PodTemplates.NewPod(set, set.Spec.Template, NameOf(set, ordinal));
        pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"] = pod.Metadata.Name;
        pod.Metadata.Labels["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.Labels[HashLabel] = hash;
        pod.Spec.Hostname = pod.Metadata.Name;
        pod.Spec.Subdomain = set.Spec.ServiceName;
        foreach (var template in set.Spec.VolumeClaimTemplates ?? [])
        {
            var claim = PodTemplates.Clone(template);
            claim.Metadata.Name = $"{template.Metadata.Name}-{pod.Metadata.Name}";
            claim.Metadata.NamespaceProperty = set.Metadata.NamespaceProperty;
            claim.Status = null;
            if (await cache.Client.GetAsync<V1PersistentVolumeClaim>(claim.Metadata.NamespaceProperty, claim.Metadata.Name, cancellation) is null)
            {
                await cache.Client.CreateAsync(claim, cancellation);
            }

            pod.Spec.Volumes =
            [
                .. (pod.Spec.Volumes ?? []).Where(v => v.Name != template.Metadata.Name),
                new V1Volume
                {
                    Name = template.Metadata.Name,
                    PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim.Metadata.Name },
                },
            ];
        }

        await cache.Client.CreatePodAsync(pod, cancellation);
    }
}
