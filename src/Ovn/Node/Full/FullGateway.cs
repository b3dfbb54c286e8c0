using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Gateway;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Node.Full;

/// <summary>Finds the gateway of a node with its own Open vSwitch: the bridge that carries the node's address.</summary>
internal sealed class FullGateway(NodeContext node, OpenVSwitch ovs)
{
    /// <summary>Waits for the node's address on a bridge.</summary>
    public Task<Link> WaitForBridgeAsync(CancellationToken cancellation) => node.WaitForAsync(
        "an Open vSwitch bridge that carries the node's address (the management port has to be a bridge's port)",
        async () =>
        {
            var links = node.Kernel.Links();
            var wanted = node.Settings.Gateway.GetValueOrDefault("gateway-interface");
            return links.FirstOrDefault(l => ovs.Now.Named<Bridge>(l.Name) is not null && (wanted is null
                ? l.Addresses.Any(a => node.InternalAddresses.Contains(a.Address))
                : l.Name == wanted && l.Addresses.Count > 0));
        },
        cancellation);

    /// <summary>The gateway; null while the uplink is missing.</summary>
    public async Task<GatewaySetup?> FindAsync(string bridge, CancellationToken cancellation)
    {
        if (node.Kernel.Find(bridge) is not { } link || Uplink(ovs.Now, bridge) is not { } uplink ||
            Address(link) is not { } address)
        {
            return null;
        }

        var addresses = Addresses(link).DistinctBy(a => a.Family).ToList();
        var given = IpAddress.ParseAll((node.Settings.Gateway.GetValueOrDefault("gateway-nexthop") ?? "").Split(',')).ToList();
        var hops = new List<IpAddress>();
        foreach (var family in addresses.Select(a => a.Family))
        {
            hops.AddRange(given.Where(h => h.Family == family) is var own && own.Any()
                ? own
                : node.Kernel.State(family).DefaultGateway(family) is { } hop ? [hop] : []);
        }

        return new GatewaySetup(
            new GatewayConfig(bridge, $"{bridge}_{node.Node}", link.Mac, addresses, hops), uplink, null, node.Settings.EncapIp ?? address.Address);
    }

    /// <summary>The node's address on its bridge.</summary>
    public Cidr? Address(Link bridge) => Addresses(bridge).Select(a => (Cidr?)a).FirstOrDefault();

    /// <summary>All addresses of the node there, IPv4 and the node's own first; virtual ones come and go.</summary>
    public IReadOnlyList<Cidr> Addresses(Link bridge) =>
    [
        .. node.Settings.Network.HostAddresses(bridge.Addresses).OrderBy(a => a.Family)
            .ThenByDescending(a => node.InternalAddresses.Contains(a.Address)),
    ];

    /// <summary>
    /// The port towards the wire: what <c>bridge-uplink</c> of the bridge or of a port names, else the bridge's only real device.
    /// </summary>
    private static string? Uplink(Snapshot snapshot, string bridge)
    {
        if (snapshot.Named<Bridge>(bridge) is not { } row)
        {
            return null;
        }

        var ports = snapshot.Follow<Port>(row.Ports).Where(p => p.Name != bridge).ToList();
        var interfaces = ports.ToDictionary(p => p.Name, p => snapshot.Follow<Interface>(p.Interfaces).ToList(), StringComparer.Ordinal);
        var named = row.ExternalIds.GetValueOrDefault("bridge-uplink");
        return ports.FirstOrDefault(p => p.Name == named)?.Name
            ?? ports.FirstOrDefault(p => p.ExternalIds.ContainsKey("bridge-uplink") ||
                interfaces[p.Name].Any(i => i.ExternalIds.ContainsKey("bridge-uplink")))?.Name
            ?? ports.FirstOrDefault(p => interfaces[p.Name].Any(i => i.Type is "" or "system" or "dpdk"))?.Name;
    }
}
