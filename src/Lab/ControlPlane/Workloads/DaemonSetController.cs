using Dpf.Lab.ControlPlane.Scheduling;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Pods;
using Dpf.Runtime.Reconciling;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Keeps one pod of a DaemonSet on every node that it is for.</summary>
internal sealed class DaemonSetController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string HashLabel = "controller-revision-hash";

    private static readonly (string Key, string Effect)[] DefaultTolerations =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1DaemonSet>(cache, "daemonset").Owns<V1Pod>().WatchesForAll<V1Node>()
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1DaemonSet>().Get(key.Namespace, key.Name) is not { } set || set.IsDeleting())
        {
            return Result.Done;
        }

        var nodes = cache.Informer<V1Node>().All.Where(n => !n.IsDeleting()).ToList();
        var hash = PodTemplates.Hash(set.Spec.Template);
        var probe = PodFor(set, hash, "");
        var wanted = nodes.Where(n => ShouldRun(set, probe, n)).Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var tolerable = nodes.Where(n => MayStay(set, probe, n)).Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var pods = cache.PodsOf(set);
        var plan = Plan(pods, wanted, tolerable, nodes, hash, set, time);
        if (plan.Create.Count + plan.Delete.Count > 0)
        {
            pods = await cache.CurrentPodsOfAsync(set, cancellation);
            plan = Plan(pods, wanted, tolerable, nodes, hash, set, time);
            await Task.WhenAll(
            [
                .. plan.Create.Select(node => cache.Client.CreatePodAsync(PodFor(set, hash, node), cancellation)),
                .. plan.Delete.Select(pod => cache.Client.DeletePodAsync(pod, cancellation)),
            ]);
        }

        await cache.Client.WriteStatusAsync(set, set.Status, Status(set, pods, wanted, hash, time), cancellation);
        return Result.Done;
    }

    /// <summary>Whether the DaemonSet is for a node: it ignores what only the scheduler or a cordon forbids.</summary>
    internal static bool ShouldRun(V1DaemonSet set, V1Pod probe, V1Node node) => Fits(set, probe, node, "NoSchedule", "NoExecute");

    /// <summary>Whether a pod that runs on a node may stay: a taint that only keeps pods from coming drives none away.</summary>
    internal static bool MayStay(V1DaemonSet set, V1Pod probe, V1Node node) => Fits(set, probe, node, "NoExecute");

    /// <summary>Which nodes lack a pod, and which pods are surplus, finished, misplaced or outdated.</summary>
    internal static (List<string> Create, List<V1Pod> Delete) Plan(
        List<V1Pod> pods, HashSet<string> wanted, HashSet<string> tolerable, List<V1Node> nodes, string hash, V1DaemonSet set, TimeProvider time)
    {
        List<string> create = [];
        List<V1Pod> delete = [];
        List<V1Pod> kept = [];
        foreach (var node in wanted)
        {
            var there = pods.Where(p => PodPlacement.PlaceOf(p) == node).ToList();
            var alive = there.Where(p => p.IsActive()).OrderBy(p => p.Metadata.CreationTimestamp).ToList();
            delete.AddRange(there.Where(p => p.Metadata.DeletionTimestamp is null && !p.IsActive()));
            delete.AddRange(alive.Skip(1));
            kept.AddRange(alive.Take(1));

            // A terminating pod still holds the node's names, ports and sockets: its successor waits.
            if (there.Count == 0)
            {
                create.Add(node);
            }
        }

        delete.AddRange(pods.Where(p => p.Metadata.DeletionTimestamp is null && PodPlacement.PlaceOf(p) is { } node && !tolerable.Contains(node) &&
            (nodes.All(n => n.Metadata.Name != node) || p.IsActive())));
        if (set.Spec.UpdateStrategy?.Type != "OnDelete")
        {
            var limit = Math.Max(1, PodTemplates.Resolve(set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable, wanted.Count, true, "1"));
            var old = kept.Where(p => p.Metadata.Labels?.TryGetValue(HashLabel, out var h) != true || h != hash).ToList();
            var broken = old.Where(p => !p.IsAvailable(set.Spec.MinReadySeconds, time)).ToList();
            var unavailable = wanted.Count - kept.Count(p => p.IsAvailable(set.Spec.MinReadySeconds, time));
            delete.AddRange(broken);
            delete.AddRange(old.Except(broken).Take(Math.Max(0, limit - unavailable)));
        }

        return (create, delete);
    }

    internal static V1DaemonSetStatus Status(V1DaemonSet set, List<V1Pod> pods, HashSet<string> wanted, string hash, TimeProvider time)
    {
        var alive = pods.Where(p => p.IsActive()).ToList();
        var placed = wanted.Select(n => alive.FirstOrDefault(p => PodPlacement.PlaceOf(p) == n)).OfType<V1Pod>().ToList();
        var available = placed.Count(p => p.IsAvailable(set.Spec.MinReadySeconds, time));
        return new V1DaemonSetStatus
        {
            DesiredNumberScheduled = wanted.Count,
            CurrentNumberScheduled = placed.Count,
            NumberMisscheduled = alive.Count(p => p.Spec.NodeName is { } n && !wanted.Contains(n)),
            NumberReady = placed.Count(p => p.IsReady()),
            NumberAvailable = available,
            NumberUnavailable = wanted.Count - available,
            UpdatedNumberScheduled = placed.Count(p => p.Metadata.Labels?.TryGetValue(HashLabel, out var h) == true && h == hash),
            ObservedGeneration = set.Metadata.Generation,
        };
    }

    private static bool Fits(V1DaemonSet set, V1Pod probe, V1Node node, params string[] effects) =>
        NodeFit.MatchesSelectors(set.Spec.Template.Spec, node) &&
        (node.Spec.Taints ?? []).All(t => !effects.Contains(t.Effect) || NodeFit.Tolerates(probe.Spec.Tolerations, t));

    private static V1Pod PodFor(V1DaemonSet set, string hash, string node)
    {
        var pod = PodTemplates.NewPod(set, set.Spec.Template);
        pod.Metadata.Labels[HashLabel] = hash;
        pod.Metadata.Labels["pod-template-generation"] =
            (set.Metadata.Generation ?? 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        pod.Spec.Affinity ??= new V1Affinity();
        pod.Spec.Affinity.NodeAffinity ??= new V1NodeAffinity();

        // The template's own terms have been checked; a term holds all its requirements, and one term is enough.
        pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = PodPlacement.OnlyOn(node);
        List<V1Toleration> tolerations = [.. pod.Spec.Tolerations ?? []];
        foreach (var (key, effect) in DefaultTolerations)
        {
            Add(tolerations, key, effect);
        }

        if (pod.Spec.HostNetwork == true)
        {
            Add(tolerations, "node.kubernetes.io/network-unavailable", "NoSchedule");
        }

        // Node agents are what makes a node ready: they must not wait for it.
        Add(tolerations, "node.kubernetes.io/not-ready", "NoSchedule");
        Add(tolerations, "node.kubernetes.io/unreachable", "NoSchedule");
        pod.Spec.Tolerations = tolerations;
        return pod;
    }

    private static void Add(List<V1Toleration> tolerations, string key, string effect)
    {
        if (!NodeFit.Tolerates(tolerations, new V1Taint { Key = key, Effect = effect }))
        {
            tolerations.Add(new V1Toleration { Key = key, Effect = effect, OperatorProperty = "Exists" });
        }
    }
}
