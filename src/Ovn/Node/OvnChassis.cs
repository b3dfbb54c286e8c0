using System.Text.Json.Nodes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Dns;
using Dpf.Ovn.Zone.Applying;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Node;

/// <summary>The machine as an OVN chassis and as the home of its zone: what full and DPU nodes share.</summary>
public static class OvnChassis
{
    private const string SouthboundSocket = "/run/ovn/ovnsb_db.sock";
    private const string NorthboundSocket = "/run/ovn/ovnnb_db.sock";

    /// <summary>Tells ovn-controller about the zone and the other zones about the chassis.</summary>
    /// <param name="node">The node.</param>
    /// <param name="ovs">Its switch.</param>
    /// <param name="encap">The tunnel endpoint.</param>
    /// <param name="isEncapTold">Whether somebody else has told ovn-controller that already; two who write it would not stop.</param>
    /// <param name="bridge">The gateway's bridge.</param>
    /// <param name="userspace">Whether the datapath is the switch's own.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task ConfigureAsync(
        NodeContext node, OpenVSwitch ovs, IpAddress encap, bool isEncapTold, string bridge, bool userspace, CancellationToken cancellation)
    {
        var ids = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ovn-encap-type"] = "geneve",
            ["ovn-remote"] = "unix:" + SouthboundSocket,
            ["ovn-remote-probe-interval"] = "100000",
            ["ovn-openflow-probe-interval"] = "180",
            ["ovn-is-interconn"] = "true",
            ["ovn-monitor-all"] = "true",
            ["ovn-ofctrl-wait-before-clear"] = "0",
            ["ovn-enable-lflow-cache"] = "false",
            ["ovn-set-local-ip"] = "true",
            ["hostname"] = node.Node,
            ["ovn-bridge-mappings"] = "physnet:" + bridge,
        };
        if (!isEncapTold)
        {
            ids[TunnelEndpoint.Key] = encap.ToString();
        }

        if (userspace)
        {
            ids["ovn-bridge-datapath-type"] = "netdev";
        }

        await ovs.ConfigureAsync(
            "ovnkube-node", ids, new Dictionary<string, string> { ["bundle-idle-timeout"] = "180" }, cancellation);
        var chassis = await ovs.WaitForExternalIdAsync("system-id", cancellation);
        await node.AnnotateAsync(
            [
                Entry(NodeAnnotations.ChassisId, chassis),
                Entry(NodeAnnotations.Zone, node.Node),
                Entry(NodeAnnotations.ZoneMigrated, node.Node),
                Entry(NodeAnnotations.EncapIp, encap.ToString()),
                Entry(NodeAnnotations.EncapIps, new JsonArray(encap.ToString()).ToJsonString()),
                Entry(NodeAnnotations.GatewayMtuSupport, "false"),
            ],
            cancellation);
    }

    /// <summary>Runs the node's zone.</summary>
    public static async Task RunZoneAsync(NodeContext node, CancellationToken cancellation)
    {
        var machine = node.Component.Machine;
        var logger = node.Component.Loggers.CreateLogger("zone");
        await using var databases = new ZoneDatabases(
            () => machine.Path(NorthboundSocket), () => machine.Path(SouthboundSocket), node.Time, logger);
        var forwarder = new DnsForwarder(machine.Network, () => DnsForwarder.Servers(machine.Path("/etc/resolv.conf")), node.Time);
        await new ZoneController(node.Node, node.Settings.Network, node.Cache, databases, forwarder, node.Time, logger)
            .RunAsync(cancellation);
    }

    private static KeyValuePair<string, string?> Entry(string key, string value) => new(key, value);
}
