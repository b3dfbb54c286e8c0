using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Health;

/// <summary>
/// The host's view of its DPU: why that does not connect pods, for the CNI and, as the condition <c>NetworkUnavailable</c>, for
/// whoever looks at the node.
/// </summary>
internal sealed class DpuHealth(NodeContext node, DpuLease lease)
{
    private const string Manager = "ovnkube-node-dpu-health";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private DateTime? _renewed;
    private long _seenAt;
    private TimeSpan _ageWhenSeen;

    /// <summary>Why the DPU does not connect pods; null when it does.</summary>
    public string? Cause { get; private set; }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var signal = new Signal();
        var leases = node.Cache.Informer<V1Lease>(new InformerScope(lease.Namespace, FieldSelector: "metadata.name=" + lease.Name));
        leases.Changed += _ => signal.Raise();
        await leases.Synced.WaitAsync(cancellation);
        var nodes = node.Cache.Informer<V1Node>();
        await node.RepeatAsync(
            "the DPU's lease", Interval,
            async step =>
            {
                var before = Cause;
                if (leases.Get(lease.Namespace, lease.Name) is not { } now)
                {
                    // Not provisioned yet, or by an older release: nothing is known, so nothing is said; but what was said is taken back.
                    Cause = null;
                    if (IsLeft(nodes.Get(null, node.Node)))
                    {
                        await TellAsync(null, step);
                    }

                    return;
                }

                Cause = lease.Cause(Seen(now), Age);
                if (Cause != before)
                {
                    node.Logger.LogWarning("node {Node}: {Cause}", node.Node, Cause ?? "the DPU is ready again");
                }

                // Held against what the node says, not against what was told before: others write its status too.
                if (!IsTold(nodes.Get(null, node.Node), Cause))
                {
                    await TellAsync(Cause, step);
                }
            },
            cancellation, signal);
    }

    /// <summary>Whether a node says what there is to say.</summary>
    public static bool IsTold(V1Node? node, string? cause)
    {
        var wanted = Condition(cause, default);
        return node?.Status?.Conditions?.FirstOrDefault(c => c.Type == wanted.Type) is { } now &&
            (now.Status, now.Message) == (wanted.Status, wanted.Message);
    }

    /// <summary>Whether a node still says of its DPU that it does not connect pods.</summary>
    public static bool IsLeft(V1Node? node) =>
        node?.Status?.Conditions?.Any(c => c is { Type: "NetworkUnavailable", Status: "True", Reason: "DPUNotReady" }) == true;

    /// <summary>The condition that tells a cause.</summary>
    public static V1NodeCondition Condition(string? cause, DateTime now) => new()
    {
        Type = "NetworkUnavailable",
        Status = cause is null ? "False" : "True",
        Reason = cause is null ? "DPUReady" : "DPUNotReady",
        Message = cause ?? "the DPU connects pods",
        LastTransitionTime = now,
        LastHeartbeatTime = now,
    };

    // Only by the host's own clock, which need not be the DPU's; but a lease that was old when it was first seen is old.
    private TimeSpan Age => _ageWhenSeen + node.Time.GetElapsedTime(_seenAt);

    private V1Lease Seen(V1Lease now)
    {
        if (now.Spec?.RenewTime is { } renewed && renewed != _renewed)
        {
            var age = node.Time.GetUtcNow().UtcDateTime - renewed.ToUniversalTime();
            _ageWhenSeen = _renewed is null && age > TimeSpan.Zero ? age : TimeSpan.Zero;
            (_renewed, _seenAt) = (renewed, node.Time.GetTimestamp());
        }

        return now;
    }

    private Task TellAsync(string? cause, CancellationToken cancellation) => node.Client.ApplyStatusAsync(
        new V1Node
        {
            Metadata = new V1ObjectMeta { Name = node.Node },
            Status = new V1NodeStatus { Conditions = [Condition(cause, node.Time.GetUtcNow().UtcDateTime)] },
        },
        Manager, cancellation);
}
