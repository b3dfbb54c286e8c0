using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Node.Gateway;

/// <summary>What the flows of the external bridge follow from.</summary>
/// <param name="Node">The node.</param>
/// <param name="Physical">The port number towards the wire.</param>
/// <param name="Host">The port towards the host: its representor's number on a DPU, <c>LOCAL</c> where the bridge is the host's.</param>
/// <param name="Ovn">The number of the patch port to br-int.</param>
/// <param name="Mac">The MAC address that host and gateway router share.</param>
/// <param name="Addresses">The addresses that they share, one of each family.</param>
/// <param name="Encap">The tunnel endpoint.</param>
/// <param name="OtherHostAddresses">The host's other addresses.</param>
public sealed record GatewayPorts(
    string Node, string Physical, string Host, string Ovn, string Mac, IReadOnlyList<IpAddress> Addresses, IpAddress Encap,
    IReadOnlyList<IpAddress> OtherHostAddresses);

/// <summary>
/// The OpenFlow table of the external bridge, which lets a host and its gateway router share one address: connections are told
/// apart by a mark that their first packet leaves in the connection tracker.
/// </summary>
public static class GatewayFlows
{
    private const string Cookie = "cookie=0xdeff105,";
    private const int DefaultZone = 64000;
    private const int HostZone = 64001;
    private const int OvnZone = 64002;
    private const int LocalZone = 64003;

    /// <summary>The flows, as <c>ovs-ofctl replace-flows</c> reads them.</summary>
    public static IReadOnlyList<string> Of(GatewayPorts ports, ClusterNetwork network, IReadOnlyList<ZoneService> services)
    {
        var flows = new List<string>();
        void Add(int table, int priority, string match, string actions) => flows.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{Cookie}table={table},priority={priority}{(match.Length > 0 ? "," : "")}{match},actions={actions}"));

        Base(Add, ports);
        foreach (var family in network.Families)
        {
            Connections(Add, ports, Words.Of(family.Family));
            foreach (var service in family.Services)
            {
                HostToService(Add, ports, family, service);
            }

            foreach (var service in services)
            {
                External(Add, ports, service, family.Family);
            }

            LocalReplies(Add, ports, services, family.Family);
            TooBig(Add, ports, services, family.Family);
            Hairpin(Add, ports, family);
        }

        Add(2, 100, "", ToOvn(ports));
        return flows;
    }

    private static void Base(Action<int, int, string, string> add, GatewayPorts p)
    {
        var (wire, host, ovn, mac) = (p.Physical, p.Host, p.Ovn, p.Mac);
        var tunnel = Words.Of(p.Encap.Family);
        if (host != "LOCAL")
        {
            // The host's DHCP passes untouched, and so does whatever is for the tunnel endpoint on the bridge itself.
            add(0, 999, "udp,tp_dst=67", "NORMAL");
            add(0, 999, $"{tunnel.Udp},{tunnel.To}={p.Encap},tp_dst=6081", "LOCAL");
            add(0, 998, $"{tunnel.Ip},{tunnel.To}={p.Encap}", "NORMAL");
        }

        add(0, 205, $"in_port={wire},dl_dst={mac},{tunnel.Udp},udp_dst=6081", $"output:{host}");
        add(0, 200, $"in_port={wire},{tunnel.Udp},udp_dst=6081", "NORMAL");
        add(0, 200, $"in_port=LOCAL,{tunnel.Udp},udp_dst=6081", $"output:{wire}");
        add(0, 10, $"in_port={wire},dl_dst={mac}", $"output:{host},output:{ovn}");
        add(0, 10, $"in_port={ovn},dl_src={mac}", "NORMAL");
        add(0, 9, $"in_port={ovn}", "drop");
        add(0, 0, "", "NORMAL");
        add(1, 10, $"dl_dst={mac}", $"output:{host}");
        add(1, 0, "", "NORMAL");
    }

    /// <summary>Who a connection belongs to: the host, or OVN.</summary>
    private static void Connections(Action<int, int, string, string> add, GatewayPorts p, Words of)
    {
        var (wire, host, ovn, mac) = (p.Physical, p.Host, p.Ovn, p.Mac);
        add(0, 110, $"in_port={wire},{of.Ip},nw_frag=yes", "ct(table=0,zone=64004)");
        add(0, 100, $"in_port={ovn},dl_src={mac},{of.Ip}", $"ct(commit,zone={DefaultZone},exec(set_field:0x1->ct_mark)),output:{wire}");
        add(0, 100, $"in_port={host},{of.Ip}", HostToWire(p));
        add(0, 50, $"in_port={wire},{of.Ip}", $"ct(zone={DefaultZone},nat,table=1)");
        foreach (var state in (string[])["+trk+est", "+trk+rel"])
        {
            add(1, 100, $"{of.Ip},ct_state={state},ct_mark=0x1", $"output:{ovn}");
            add(1, 100, $"{of.Ip},ct_state={state},ct_mark=0x2", $"output:{host}");
        }

        if (of == Words.Six)
        {
            // Routers' and neighbours' advertisements belong to no connection: both that share the address want to hear them.
            add(1, 14, "icmp6,icmpv6_type=134", "FLOOD");
            add(1, 14, "icmp6,icmpv6_type=136", "FLOOD");
        }
    }

    /// <summary>
    /// The host reaches services through OVN under its masquerade address, which its own address translation gives it: a switch in
    /// user space sends a packet through the connection tracker at most six times, and OVN takes most of them.
    /// </summary>
    private static void HostToService(Action<int, int, string, string> add, GatewayPorts p, FamilyNetwork network, Cidr services)
    {
        var of = Words.Of(network.Family);
        add(0, 500, $"in_port={p.Host},{of.Ip},{of.To}={services}", ToOvn(p));
        add(0, 500, $"in_port={p.Ovn},{of.Ip},{of.From}={services},{of.To}={network.HostMasquerade}", ToHost(p));

        // What OVN did not translate must not leak.
        add(0, 105, $"in_port={p.Ovn},{of.Ip},{of.To}={services}", "drop");
    }

    private static void External(Action<int, int, string, string> add, GatewayPorts p, ZoneService service, IpFamily family)
    {
        var of = Words.Of(family);
        foreach (var port in service.Ports)
        {
            var protocol = port.Protocol + of.Suffix;
            var toEndpoint = OnHost(p, service, port, family) is { } endpoint
                ? $"ct(commit,zone={LocalZone},nat(dst={endpoint.Address.WithPort(endpoint.Port)}),table=6)"
                : $"output:{p.Ovn}";
            if (port.NodePort > 0 && service.ClusterIps.Any(a => a.Family == family))
            {
                add(0, 110, $"in_port={p.Physical},{protocol},tp_dst={port.NodePort}", toEndpoint);
                add(0, 110, $"in_port={p.Ovn},dl_src={p.Mac},{protocol},tp_src={port.NodePort}", $"output:{p.Physical}");
            }

            foreach (var address in service.ExternalIps.Where(a => a.Family == family))
            {
                add(0, 110, $"in_port={p.Physical},{protocol},{of.To}={address},tp_dst={port.Port}", toEndpoint);
                add(0, 110, $"in_port={p.Ovn},dl_src={p.Mac},{protocol},{of.From}={address},tp_src={port.Port}", $"output:{p.Physical}");
            }
        }
    }

    /// <summary>
    /// The host's own endpoint for clients that stay on the node; null where it has none. OVN, which has the host's address too, could reach
    /// it only in the gateway's name, and the client's is to be kept.
    /// </summary>
    private static (IpAddress Address, int Port)? OnHost(GatewayPorts p, ZoneService service, ZoneServicePort port, IpFamily family) =>
        service.HostPort(port, p.Node, family, [.. p.Addresses, .. p.OtherHostAddresses]) is { } number &&
        p.Addresses.Where(a => a.Family == family).Select(a => (IpAddress?)a).FirstOrDefault() is { } own
            ? (own, number)
            : null;

    /// <summary>What the host's endpoints answer such clients; whoever reaches the endpoint by itself is answered as ever.</summary>
    private static void LocalReplies(Action<int, int, string, string> add, GatewayPorts p, IReadOnlyList<ZoneService> services, IpFamily family)
    {
        var of = Words.Of(family);
        var ports = services.SelectMany(s => s.Ports, (s, port) => (port.Protocol, Endpoint: OnHost(p, s, port, family)))
            .Where(e => e.Endpoint is not null).Select(e => (e.Protocol, e.Endpoint!.Value.Port)).Distinct().ToList();
        foreach (var (protocol, port) in ports)
        {
            add(0, 110, $"in_port={p.Host},{protocol}{of.Suffix},tp_src={port}", $"ct(zone={LocalZone},nat,table=7)");
        }

        if (ports.Count > 0)
        {
            add(6, 110, of.Ip, $"output:{p.Host}");
            add(7, 110, $"{of.Ip},ct_state=+trk+est+rpl", $"output:{p.Physical}");
            add(7, 100, of.Ip, HostToWire(p));
        }
    }

    /// <summary>
    /// A router's word that a packet from an external address was too big for it is for the endpoint, which sends smaller ones then. It
    /// belongs to no connection here: those of external addresses are OVN's to track.
    /// </summary>
    private static void TooBig(Action<int, int, string, string> add, GatewayPorts p, IReadOnlyList<ZoneService> services, IpFamily family)
    {
        var of = Words.Of(family);
        foreach (var address in services.Where(s => s.Ports.Count > 0).SelectMany(s => s.ExternalIps).Where(a => a.Family == family).Distinct())
        {
            add(0, 110, $"in_port={p.Physical},{of.TooBig(address)}", $"output:{p.Ovn}");
        }
    }

    /// <summary>A service whose endpoint is the host itself: host to OVN and back, hiding the shared address from the host.</summary>
    private static void Hairpin(Action<int, int, string, string> add, GatewayPorts p, FamilyNetwork network)
    {
        var of = Words.Of(network.Family);
        foreach (var own in p.Addresses.Where(a => a.Family == network.Family))
        {
            add(0, 500, $"in_port={p.Ovn},{of.Ip},{of.To}={network.HostMasquerade},{of.From}={own}",
                $"ct(commit,zone={HostZone},nat(dst={own}),table=4)");
            foreach (var other in p.OtherHostAddresses.Where(a => a.Family == network.Family))
            {
                add(0, 500, $"in_port={p.Ovn},{of.Ip},{of.To}={other},{of.From}={own}", $"ct(commit,zone={HostZone},table=4)");
            }
        }

        add(0, 500, $"in_port={p.Host},{of.Ip},{of.To}={network.OvnMasquerade}", $"ct(zone={OvnZone},nat,table=5)");
        add(4, 100, of.Ip, $"ct(commit,zone={OvnZone},nat(src={network.OvnMasquerade})),{ToHost(p)}");
        add(5, 100, of.Ip, $"ct(commit,zone={HostZone},nat,table=2)");
    }

    private static string HostToWire(GatewayPorts p) => $"ct(commit,zone={DefaultZone},exec(set_field:0x2->ct_mark)),output:{p.Physical}";

    private static string ToOvn(GatewayPorts p) => $"set_field:{p.Mac}->eth_dst,output:{p.Ovn}";

    private static string ToHost(GatewayPorts p) => $"move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[],set_field:{p.Mac}->eth_dst,output:{p.Host}";

    /// <summary>How a family's packets and addresses are called in matches.</summary>
    private sealed record Words(string Ip, string From, string To, string Suffix)
    {
        public static Words Six { get; } = new("ipv6", "ipv6_src", "ipv6_dst", "6");

        private static Words Four { get; } = new("ip", "nw_src", "nw_dst", "");

        public string Udp => "udp" + Suffix;

        /// <summary>ICMP's "fragmentation needed" (RFC 792), ICMPv6's "packet too big" (RFC 4443).</summary>
        public string TooBig(IpAddress to) => this == Four ? $"icmp,{To}={to},icmp_type=3,icmp_code=4" : $"icmp6,{To}={to},icmpv6_type=2";

        public static Words Of(IpFamily family) => family == IpFamily.V4 ? Four : Six;
    }
}
