using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Gateway;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>Finds a DPU's gateway: the host PF's address and MAC on the bridge that its representor is a port of.</summary>
public sealed class DpuGateway(NodeContext node, OpenVSwitch ovs, Ipv4 encap)
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
        var hostAddress = NodeAnnotations.FamilyAddress(annotations, NodeAnnotations.HostPfAddress)
            ?? NodeAnnotations.FamilyAddress(annotations, NodeAnnotations.HostPfAddressNew);
        if (!ports.Contains(uplink) || node.Pci.HostRepresentor(ports) is not { } host || hostAddress is not { } address ||
            HostMac(annotations) is not { } mac || RouterSubnet(await node.Links.FindAsync(Bridge, cancellation)) is not { } subnet)
        {
            return null;
        }

        if (!subnet.Contains(address.Address))
        {
            throw new InvalidOperationException(
                $"the host PF's address {address} is not in the tunnel endpoint's network {subnet}; both must come from the same pool");
        }

        var hop = Ipv4.TryParse(Option("gateway-nexthop", "ovn_gateway_opts"), out var nexthop) ? nexthop : (Ipv4?)null;
        var config = new GatewayConfig(
            Bridge, $"{Bridge}_{node.Node}", mac, new Cidr(address.Address, subnet.Length), hop is { } h ? [h] : []);
        return hop is null ? null : new GatewaySetup(config, uplink, host, encap);
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
