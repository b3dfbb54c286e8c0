using Dpf.Ovn.Annotations;
using Dpf.Ovsdb.Models.OpenVSwitch;
using k8s.Models;

namespace Dpf.Ovn.Node.Health;

/// <summary>The DPU's side of its lease: renews it, and says in it what keeps the DPU from connecting pods.</summary>
internal sealed class LeaseRenewal(NodeContext node, DpuLease lease, OpenVSwitch ovs)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);
    private (string? Cause, long At)? _told;

    /// <summary>Runs until cancelled; then says that it ends, so that no pod goes to the node before the lease has run out.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (lease.RenewInterval <= TimeSpan.Zero)
        {
            // One that was renewed before would run out, and say for ever that the DPU is gone.
            await node.RepeatAsync("lease", Absence, RemoveAsync, cancellation);
        }

        try
        {
            await node.RepeatAsync("lease", Look < lease.RenewInterval ? Look : lease.RenewInterval, RenewAsync, cancellation);
        }
        finally
        {
            using var limit = new CancellationTokenSource(Farewell, node.Time);
            await RenewAsync("its ovnkube-node-dpu pod was stopped", limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What keeps a DPU from connecting pods; null when nothing does.</summary>
    /// <param name="isConnected">Whether the switch's database answers.</param>
    /// <param name="hasBridge">Whether ovn-controller has made its bridge.</param>
    /// <param name="hasGateway">Whether the gateway has been found.</param>
    public static string? Cause(bool isConnected, bool hasBridge, bool hasGateway) =>
        !isConnected ? "Open vSwitch's database on the DPU does not answer"
        : !hasBridge ? "ovn-controller on the DPU has not made br-int"
        : !hasGateway ? "the DPU has no gateway yet: the host PF's address, its representor or the uplink port is missing"
        : null;

    // What is new about the DPU is told at once: until then no pod comes to the node, or too many do.
    private async Task RenewAsync(CancellationToken cancellation)
    {
        var cause = Cause(
            ovs.Client.IsConnected, ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is not null,
            NodeAnnotations.Plain(node.Annotations, NodeAnnotations.Gateway) is not null);
        if (_told is { } told && told.Cause == cause && node.Time.GetElapsedTime(told.At) < lease.RenewInterval)
        {
            return;
        }

        var at = node.Time.GetTimestamp();
        await RenewAsync(cause, cancellation);
        _told = (cause, at);
    }

    private async Task RemoveAsync(CancellationToken cancellation)
    {
        if (await node.Client.GetAsync<V1Lease>(lease.Namespace, lease.Name, cancellation) is { Spec.HolderIdentity: DpuLease.Holder } left)
        {
            await node.Client.DeleteAsync<V1Lease>(lease.Namespace, lease.Name, cancellation, uid: left.Metadata.Uid);
        }
    }

    private async Task RenewAsync(string? cause, CancellationToken cancellation)
    {
        if (node.Cache.Informer<V1Node>().Get(null, node.Node) is not { } owner)
        {
            throw new InvalidOperationException($"node {node.Node} is not in the cluster");
        }

        var wanted = lease.Renewed(owner, node.Time.GetUtcNow().UtcDateTime, cause);
        if (await node.Client.GetAsync<V1Lease>(lease.Namespace, lease.Name, cancellation) is not { } present)
        {
            await node.Client.CreateAsync(wanted, cancellation);
            return;
        }

        wanted.Metadata.ResourceVersion = present.Metadata.ResourceVersion;
        wanted.Spec.AcquireTime = present.Spec?.AcquireTime ?? wanted.Spec.RenewTime;
        await node.Client.UpdateAsync(wanted, cancellation);
    }
}
