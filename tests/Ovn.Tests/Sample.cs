using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests;

/// <summary>The guide's network with two zones, and ways to look at what is planned for it.</summary>
internal static class Sample
{
    public static readonly ClusterNetwork Network = ClusterNetwork.Parse("10.233.64.0/18/24", "10.233.0.0/18");

    public static readonly ClusterNetwork DualNetwork =
        ClusterNetwork.Parse("10.233.64.0/18/24,fd00:10:233::/48/64", "10.233.0.0/18,fd00:10:96::/112");

    /// <summary>The same with a second address for everything, and a service that the pod b and its host answer for.</summary>
    public static ZoneFacts DualFacts => Facts with
    {
        Network = DualNetwork,
        Nodes = [Dual(Worker1, "fd00:10:233:1::/64", "fd00:123::21/64"), Dual(Worker2, "fd00:10:233:2::/64", "fd00:123::22/64")],
        Pods = [Pod("a", "10.233.64.3/24", "fd00:10:233:1::3/64"), Pod("b", "10.233.64.4/24", "fd00:10:233:1::4/64")],
        Services =
        [
            Service(Port(30080, ("10.233.64.4", "worker1"), ("fd00:10:233:1::4", "worker1"), ("fd00:123::21", "worker1"))) with
            {
                ClusterIps = [IpAddress.Parse("10.233.0.10"), IpAddress.Parse("fd00:10:96::a")],
            },
        ],
    };

    public static ZoneNode Worker1 => Node("worker1", 2, "10.233.64.0/24", "10.0.123.11", "10.0.123.21/24");

    public static ZoneNode Worker2 => Node("worker2", 3, "10.233.65.0/24", "10.0.123.12", "10.0.123.22/24");

    /// <summary>The zone worker1 with two pods beside the zone worker2.</summary>
    public static ZoneFacts Facts => new(
        "worker1", Network, [Worker1, Worker2], [Pod("a", "10.233.64.3/24"), Pod("b", "10.233.64.4/24")], [], ZonePolicies.None);

    public static ZoneNode Node(string name, int id, string subnet, string encap, string gateway) => new(name, [Cidr.Parse(subnet)], id)
    {
        ChassisId = "chassis-" + name,
        EncapIp = IpAddress.Parse(encap),
        Gateway = new GatewayConfig("br-ovn", "br-ovn_" + name, "0a:00:00:00:00:01", [Cidr.Parse(gateway)], [IpAddress.Parse("10.0.123.254")]),
    };

    public static ZonePod Pod(string name, params string[] addresses) => new(
        "default", name, "uid-" + name, PodNetwork.Of([.. addresses.Select(Cidr.Parse)], addresses.Length > 1 ? DualNetwork : Network));

    /// <summary>A gateway with an address and a next hop, for each of its families.</summary>
    public static GatewayConfig Gateway(params string[] addressesAndHops) => new(
        "br-ovn", "br-ovn_worker1", "0a:00:00:00:00:01", [.. addressesAndHops.Where((_, i) => i % 2 == 0).Select(Cidr.Parse)],
        [.. addressesAndHops.Where((_, i) => i % 2 == 1).Select(IpAddress.Parse)]);

    public static ZoneService Service(params ZoneServicePort[] ports) =>
        new("default", "traffic") { ClusterIps = [IpAddress.Parse("10.233.0.10")], Ports = ports };

    public static ZoneServicePort Port(int nodePort, params (string Address, string Node)[] endpoints) => new(
        "tcp", 80, nodePort, [.. endpoints.Select(e => new ZoneEndpoint(IpAddress.Parse(e.Address), 8080, e.Node))]);

    private static ZoneNode Dual(ZoneNode node, string subnet, string gateway) => node with
    {
        Subnets = [.. node.Subnets, Cidr.Parse(subnet)],
        Gateway = node.Gateway! with
        {
            Addresses = [.. node.Gateway!.Addresses, Cidr.Parse(gateway)],
            NextHops = [.. node.Gateway.NextHops, IpAddress.Parse("fe80::1")],
        },
    };

    /// <summary>The planned rows of a table by their keys.</summary>
    public static Dictionary<string, T> All<T>(this RowSet rows)
        where T : TableRow =>
        rows.Rows.Where(r => r.Row is T).ToDictionary(r => r.Key.Key, r => (T)r.Row, StringComparer.Ordinal);

    /// <summary>The keys of the rows that a row refers to in a column.</summary>
    public static IReadOnlyList<string> References<T>(this RowSet rows, string key, string column)
        where T : TableRow =>
        [.. rows.Rows.Single(r => r.Row is T && r.Key.Key == key).IncludedIn(column).Select(r => r.Atom.Key!.Key).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> Ordered(this IReadOnlyDictionary<string, string> map) =>
        map.Select(p => $"{p.Key}={p.Value}").Order(StringComparer.Ordinal);
}
