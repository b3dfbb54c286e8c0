using System.Text.Json.Nodes;
using Dpf.Lab.ControlPlane.Scheduling;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>
/// Turns nodes whose lease is stale Unknown, keeps the taints that tell of readiness and of a missing network, gives pod networks, and evicts pods that
/// do not tolerate a NoExecute taint.
/// </summary>
internal sealed class NodeLifecycle(Cache cache, ControlPlaneOptions options)
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private const string NetworkUnavailable = "node.kubernetes.io/network-unavailable";
    private const string LeaseNamespace = "kube-node-lease";
    private static readonly TimeSpan DefaultStay = TimeSpan.FromSeconds(300);
    private readonly InformerScope _leases = new(LeaseNamespace);
    private readonly SemaphoreSlim _networks = new(1);

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Node>(cache, "node").Watches<V1Pod>(
                pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [new NamespacedName(null, pod.Spec.NodeName)])
            .Watches<V1Lease>(lease => IsStale(cache.Informer<V1Node>().Get(null, lease.Metadata.Name))
                ? [new NamespacedName(null, lease.Metadata.Name)]
                : [], _leases)
            .Build(ReconcileAsync, options.Loggers, options.Time).RunAsync(cancellation);

    // A renewal matters only to a node that counts as lost.
    private static bool IsStale(V1Node? node) => node?.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "Unknown") == true;

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Node>().Get(null, key.Name) is not { } node || node.IsDeleting())
        {
            return Result.Done;
        }

        await GiveNetworkAsync(node, cancellation);
        var now = options.Time.GetUtcNow();
        var ready = node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
        var heard = cache.Informer<V1Lease>(_leases).Get(LeaseNamespace, key.Name)?.Spec?.RenewTime
            ?? ready?.LastHeartbeatTime ?? node.Metadata.CreationTimestamp ?? now.UtcDateTime;
        var left = heard.ToUniversalTime() + options.NodeGracePeriod - now.UtcDateTime;
        if (left <= TimeSpan.Zero && ready?.Status is not "Unknown")
        {
            await LoseAsync(node, now.UtcDateTime, cancellation);
            return Result.Done;
        }

        var taints = Taints(node, ready?.Status, now.UtcDateTime);
        if (taints is not null)
        {
            await cache.Client.PatchAsync<V1Node>(
                null, key.Name,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
                    ["spec"] = new JsonObject { ["taints"] = JsonNode.Parse(KubernetesJson.Serialize(taints)) },
                },
                cancellation);
        }

        var next = await EvictAsync(node, now.UtcDateTime, cancellation);
        if (left > TimeSpan.Zero && (next is null || left < next))
        {
            next = left;
        }

        return next is { } delay ? Result.RequeueAfter(delay + TimeSpan.FromMilliseconds(50)) : Result.Done;
    }

    /// <summary>The node's taints as its readiness and its network want them; null when they are so.</summary>
    internal static List<V1Taint>? Taints(V1Node node, string? ready, DateTime now)
    {
        var present = node.Spec.Taints ?? [];
        var key = ready switch { "True" => null, "Unknown" => Unreachable, _ => NotReady };
        var hasNetwork = node.Status?.Conditions?.Any(c => c.Type == "NetworkUnavailable" && c.Status == "True") != true;
        List<V1Taint> wanted =
            [.. present.Where(t => t.Key is not (NotReady or Unreachable or NetworkUnavailable) || t.Key == key || (t.Key == NetworkUnavailable && !hasNetwork))];
        if (!hasNetwork && !wanted.Any(t => t.Key == NetworkUnavailable))
        {
            wanted.Add(new V1Taint { Key = NetworkUnavailable, Effect = "NoSchedule" });
        }

        foreach (var effect in key is null ? [] : new[] { "NoSchedule", "NoExecute" })
        {
            if (!wanted.Any(t => t.Key == key && t.Effect == effect))
            {
                wanted.Add(new V1Taint { Key = key, Effect = effect, TimeAdded = effect == "NoExecute" ? now : null });
            }
        }

        return wanted.Count == present.Count && wanted.All(present.Contains) ? null : wanted;
    }

    private async Task LoseAsync(V1Node node, DateTime now, CancellationToken cancellation)
    {
        await cache.Client.MergeStatusAsync<V1Node>(
            null, node.Metadata.Name,
            Conditions(((string[])["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]).Select(type => new V1NodeCondition
            {
                Type = type,
                Status = "Unknown",
                Reason = "NodeStatusUnknown",
                Message = "Kubelet stopped posting node status.",
                LastTransitionTime = now,
            })),
            cancellation);
        foreach (var pod in cache.Informer<V1Pod>().All.Where(p => p.Spec.NodeName == node.Metadata.Name && p.IsReady()))
        {
            // Services must not send to a node that nobody has heard of.
            await cache.Client.MergeStatusAsync<V1Pod>(
                pod.Metadata.NamespaceProperty, pod.Metadata.Name,
                Conditions([new V1PodCondition { Type = "Ready", Status = "False", Reason = "NodeNotReady" }]), cancellation);
        }
    }

    private static JsonObject Conditions<T>(IEnumerable<T> conditions) => new()
    {
        ["status"] = new JsonObject { ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)) },
    };

    private async Task<TimeSpan?> EvictAsync(V1Node node, DateTime now, CancellationToken cancellation)
    {
        var taints = node.Spec.Taints?.Where(t => t.Effect == "NoExecute").ToList() ?? [];
        TimeSpan? next = null;
        if (taints.Count == 0)
        {
            return next;
        }

        foreach (var pod in cache.Informer<V1Pod>().All.Where(p => p.Spec.NodeName == node.Metadata.Name && p.Metadata.DeletionTimestamp is null))
        {
            var left = taints.Select(t => StayLeft(pod, t, now)).Min();
            if (left <= TimeSpan.Zero)
            {
                await cache.Client.DeletePodAsync(pod, cancellation);
            }
            else if (left < TimeSpan.MaxValue && (next is null || left < next))
            {
                next = left;
            }
        }

        return next;
    }

    /// <summary>How long a pod may stay with a NoExecute taint.</summary>
    internal static TimeSpan StayLeft(V1Pod pod, V1Taint taint, DateTime now)
    {
        var covering = (pod.Spec.Tolerations ?? []).Where(t => NodeFit.Covers(t, taint)).ToList();
        var stay = covering.Count > 0
            ? covering.Min(t => t.TolerationSeconds is { } s ? TimeSpan.FromSeconds(s) : TimeSpan.MaxValue)
            : taint.Key is NotReady or Unreachable ? DefaultStay : TimeSpan.Zero;
        return stay == TimeSpan.MaxValue ? stay : (taint.TimeAdded?.ToUniversalTime() ?? now) + stay - now;
    }

    private async Task GiveNetworkAsync(V1Node node, CancellationToken cancellation)
    {
        if (options.PodCidr is not { } range || !string.IsNullOrEmpty(node.Spec.PodCIDR))
        {
            return;
        }

        await _networks.WaitAsync(cancellation);
        try
        {
            var taken = (await cache.Client.ListAsync<V1Node>(null, cancellation))
                .SelectMany(n => (n.Spec.PodCIDRs ?? []).Append(n.Spec.PodCIDR)).OfType<string>().ToHashSet();
            if (NodeNetworks.Next(range, taken) is [var first, ..] networks)
            {
                await cache.Client.PatchAsync<V1Node>(
                    null, node.Metadata.Name,
                    new JsonObject { ["spec"] = new JsonObject { ["podCIDR"] = first, ["podCIDRs"] = new JsonArray([.. networks.Select(n => (JsonNode)n)]) } }, cancellation);
            }
        }
        finally
        {
            _networks.Release();
        }
    }
}
