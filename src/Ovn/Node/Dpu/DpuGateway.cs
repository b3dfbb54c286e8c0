using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Gateway;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>Finds a DPU's gateway: the host PF's addresses and MAC on the bridge that its representor is a port of.</summary>
public sealed class DpuGateway(NodeContext node, OpenVSwitch ovs, IpAddress encap)
{
    private const string InitOutput = "/etc/init-output/";

    /// <summary>The bridge.</summary>
    public string Bridge => node.Settings.Gateway.GetValueOrDefault("gateway-interface", "br-ovn");

    /// <summary>The gateway; null while a part of it is missing.</summary>
    public async Task<GatewaySetup?> FindAsync(CancellationToken cancellation)
    {
        var ports = OpenVSwitch.Ports(ovs.Now, Bridge);
        var uplink = node.Settings.Gateway.GetValueOrDefault("gateway-uplink-port", "puplinkbrovn");
        var annotations = node.Annotations;
        var hostAddresses = NodeAnnotations.FamilyAddresses(annotations, NodeAnnotations.HostPfAddress) is { Count: > 0 } told
            ? told
            : NodeAnnotations.FamilyAddresses(annotations, NodeAnnotations.HostPfAddressNew);
        if (!ports.Contains(uplink) || node.Pci.HostRepresentor(ports) is not { } host || hostAddresses is not [var address, ..] ||
            HostMac(annotations) is not { } mac || RouterSubnet(node.Kernel.Find(Bridge)) is not { } subnet)
        {
            return null;
        }

        if (!subnet.Contains(address.Address))
        {
            throw new InvalidOperationException(
                $"the host PF's address {address} is not in the tunnel endpoint's network {subnet}; both must come from the same pool");
        }

        // What was chosen counts; the host's own router is the next hop of families that nobody chose one for.
        var chosen = IpAddress.ParseAll((Option("gateway-nexthop", "ovn_gateway_opts") ?? "").Split(',')).ToList();
        IReadOnlyList<IpAddress> hops =
            [.. chosen, .. NodeAnnotations.HostNextHops(annotations).Where(h => !chosen.Exists(c => c.Family == h.Family))];
        if (!hops.Any(h => h.Family == address.Family))
        {
            return null;
        }

        // The tunnel endpoint's network is of one family; in others the host knows best how long its own is.
        var config = new GatewayConfig(
            Bridge, $"{Bridge}_{node.Node}", mac,
            [new Cidr(address.Address, subnet.Length), .. hostAddresses.Skip(1).Where(a => node.Settings.Network.Knows(a.Address))], hops);
        return new GatewaySetup(config, uplink, host, encap);
    }

    /// <summary>What the provisioner found, else the tunnel endpoint's own network.</summary>
    private Cidr? RouterSubnet(Link? bridge) =>
        Cidr.TryParse(Option("gateway-router-subnet", "ovn_gateway_router_subnet"), out var given)
            ? given.Network
            : bridge?.Addresses.Where(a => a.Address == encap).Select(a => (Cidr?)a.Network).FirstOrDefault();

    private string? Option(string name, string file)
    {
        if (node.Settings.Gateway.TryGetValue(name, out var given))
        {
            return given;
        }

        var path = node.Component.Path(InitOutput + file);
        if (!File.Exists(path))
        {
            return null;
        }

        var text = File.ReadAllText(path).Trim();
        return text.StartsWith($"--{name}=", StringComparison.Ordinal) ? text[(name.Length + 3)..].Trim() : text;
    }

    /// <summary>The PF's MAC address as the card says it, else as the host's agent does.</summary>
    private string? HostMac(IDictionary<string, string> annotations)
    {
        var path = node.Component.Machine.Path("/sys/class/net/p0/smart_nic/pf/config");
        var line = File.Exists(path)
            ? File.ReadLines(path).FirstOrDefault(l => l.StartsWith("MAC", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[^1].Trim().ToLowerInvariant() is { Length: 17 } mac
            ? mac
            : NodeAnnotations.Plain(annotations, NodeAnnotations.HostPfMac);
    }
}
