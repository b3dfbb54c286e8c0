using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Gateway;

/// <summary>A gateway as an agent found it.</summary>
/// <param name="Config">What it is.</param>
/// <param name="Uplink">The bridge's port towards the wire.</param>
/// <param name="HostPort">The host's representor; null where the bridge's own port is the host's.</param>
/// <param name="Encap">The tunnel endpoint.</param>
public sealed record GatewaySetup(GatewayConfig Config, string Uplink, string? HostPort, IpAddress Encap);

/// <summary>Announces a gateway and keeps its bridge's flows.</summary>
public sealed class GatewayBridge(NodeContext node, OpenVSwitch ovs)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);
    private IReadOnlyList<string> _installed = [];
    private int _installedCount;
    private long _installedAt;
    private volatile bool _moved = true;

    /// <summary>Hears, until cancelled, when somebody changes the bridge's flows, so that the next pass looks at them.</summary>
    public Task FollowAsync(string bridge, CancellationToken cancellation) => ovs.FollowFlowsAsync(bridge, () => _moved = true, cancellation);

    /// <summary>One pass; true once the flows are in.</summary>
    public async Task<bool> ApplyAsync(GatewaySetup setup, CancellationToken cancellation)
    {
        var config = setup.Config;
        await node.AnnotateAsync(
            [
                new KeyValuePair<string, string?>(NodeAnnotations.Gateway, config.Write()),
                new KeyValuePair<string, string?>(
                    NodeAnnotations.PrimaryAddress, NodeAnnotations.Families(config.Addresses).ToJsonString()),
            ],
            cancellation);
        var snapshot = ovs.Now;
        var patch = $"patch-{config.InterfaceId}-to-{OpenVSwitch.IntegrationBridge}";
        if (OpenVSwitch.Ofport(snapshot, setup.Uplink) is not { } wire ||
            OpenVSwitch.Ofport(snapshot, patch) is not { } ovn ||
            (setup.HostPort is null ? "LOCAL" : OpenVSwitch.Ofport(snapshot, setup.HostPort)) is not { } host)
        {
            return false;
        }

        var others = NodeAnnotations.HostAddresses(node.Annotations).Select(h => h.Address)
            .Where(a => node.Settings.Network.Knows(a) && a != config.Of(a.Family)).Distinct().Order().ToList();
        var ports = new GatewayPorts(
            node.Node, wire, host, ovn, config.Mac, [.. config.Addresses.Select(a => a.Address)], setup.Encap, others);
        var flows = GatewayFlows.Of(ports, node.Settings.Network, node.Services);

        // Also without a change: a restarted switch has forgotten them, and traffic waits for them.
        var isNew = _installed.Count == 0;
        if (!flows.SequenceEqual(_installed, StringComparer.Ordinal) || node.Time.GetElapsedTime(_installedAt) > Refresh ||
            await AreGoneAsync(config.Bridge, cancellation))
        {
            await ovs.ReplaceFlowsAsync(config.Bridge, flows, cancellation);
            (_installed, _installedAt) = (flows, node.Time.GetTimestamp());
            _installedCount = await ovs.FlowCountAsync(config.Bridge, cancellation);
            if (isNew)
            {
                node.Logger.LogInformation(
                    "node {Node}: gateway {Address} on {Bridge}: wire {Wire}, host {Host}, ovn {Ovn}", node.Node, config.Address,
                    config.Bridge, wire, host, ovn);
            }
        }

        return true;
    }

    private async Task<bool> AreGoneAsync(string bridge, CancellationToken cancellation)
    {
        if (!_moved)
        {
            return false;
        }

        _moved = false;
        try
        {
            return await ovs.FlowCountAsync(bridge, cancellation) != _installedCount;
        }
        catch
        {
            _moved = true;
            throw;
        }
    }
}
