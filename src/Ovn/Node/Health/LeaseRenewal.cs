using Dpf.Ovn.Annotations;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Ovn.Node.Health;

/// <summary>The DPU's side of its lease: renews it, and says in it what keeps the DPU from connecting pods.</summary>
internal sealed class LeaseRenewal(NodeContext node, DpuLease lease, OpenVSwitch ovs)
{
    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => lease.RenewInterval > TimeSpan.Zero
        ? node.RepeatAsync("lease", lease.RenewInterval, RenewAsync, cancellation)
        : Task.Delay(Timeout.InfiniteTimeSpan, node.Time, cancellation);

    /// <summary>What keeps a DPU from connecting pods; null when nothing does.</summary>
    /// <param name="isConnected">Whether the switch's database answers.</param>
    /// <param name="hasBridge">Whether ovn-controller has made its bridge.</param>
    /// <param name="hasGateway">Whether the gateway has been found.</param>
    public static string? Cause(bool isConnected, bool hasBridge, bool hasGateway) =>
        !isConnected ? "Open vSwitch's database on the DPU does not answer"
        : !hasBridge ? "ovn-controller on the DPU has not made br-int"
        : !hasGateway ? "the DPU has no gateway yet: the host PF's address, its representor or the uplink port is missing"
        : null;

    private async Task RenewAsync(CancellationToken cancellation)
    {
        var cause = Cause(
            ovs.Client.IsConnected, ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is not null,
            NodeAnnotations.Plain(node.Annotations, NodeAnnotations.Gateway) is not null);
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
        try
        {
            await node.Client.UpdateAsync(wanted, cancellation);
        }
        catch (KubeException e) when (e.IsConflict || e.IsNotFound)
        {
            // The host's agent made or changed it in between: its turn, ours comes.
        }
    }
}
