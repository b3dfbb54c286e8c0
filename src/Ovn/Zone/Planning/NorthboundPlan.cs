using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>The complete northbound rows of a zone: a pure function of the cluster's facts.</summary>
public static class NorthboundPlan
{
    /// <summary>The cluster's one distributed router.</summary>
    public const string ClusterRouter = "ovn_cluster_router";

    /// <summary>The switch between the zones; a remote port's bindings are found by it.</summary>
    public const string TransitSwitch = "transit_switch";

    /// <summary>The owner of the rows.</summary>
    public const string Owner = "zone";

    // The inner network identifier of all traffic between zones: every zone has to agree on it.
    private const string TransitKey = "16711683";

    /// <summary>Computes the rows.</summary>
    public static RowSet Of(ZoneFacts facts)
    {
        var rows = new RowSet(Owner);
        var global = rows.Singleton<NbGlobal>();
        global.Row["name"] = facts.Zone;
        global.Merge("options", Map(("name", facts.Zone), ("northd-backoff-interval-ms", "300")));
        rows.Claim<StaticMacBinding>(binding => binding.LogicalPort.StartsWith("rtoe-GR_", StringComparison.Ordinal));
        LoadBalancerPlan.Claim(rows);

        var network = facts.Network;
        var router = rows.Add(ClusterRouter, new LogicalRouter
        {
            Name = ClusterRouter,
            Options = Map(("always_learn_from_arp_request", "false")),
            ExternalIds = Map(("k8s-cluster-router", "yes")),
        });
        var join = rows.Add("join", new LogicalSwitch { Name = "join" });
        Connect(join, "jtor-" + ClusterRouter, router, "rtoj-" + ClusterRouter, [.. network.Families.Select(f => f.Join.InterfaceAt(1))]);

        var transit = rows.Add(TransitSwitch, new LogicalSwitch
        {
            Name = TransitSwitch,
            OtherConfig = Map(
                ("interconn-ts", TransitSwitch), ("requested-tnl-key", TransitKey), ("mcast_snoop", "true"),
                ("mcast_querier", "false"), ("mcast_flood_unregistered", "true")),
        });
        foreach (var remote in facts.Remote)
        {
            AddRemote(network, router, transit, remote);
        }

        if (facts.Local is { } local)
        {
            var nodeSwitch = AddNodeSwitch(rows, facts, router, transit, local);
            var gateway = GatewayPlan.Add(rows, network, router, join, local);
            LoadBalancerPlan.Add(rows, facts, local, nodeSwitch, gateway);
            EgressIpPlan.Add(facts, local, router, gateway);
            PolicyPlan.Add(rows, facts, local, nodeSwitch);
        }

        return rows;
    }

    /// <summary>A pair of ports that connects a switch and a router.</summary>
    internal static (RowHandle SwitchPort, RowHandle RouterPort) Connect(
        RowHandle @switch, string switchPort, RowHandle router, string routerPort, IReadOnlyList<Cidr> addresses,
        IReadOnlyDictionary<string, string>? routerOptions = null)
    {
        var port = router.Add("ports", routerPort, new LogicalRouterPort
        {
            Name = routerPort,
            Mac = addresses[0].Address.Mac,
            Networks = [.. addresses.Select(a => a.ToString())],
            Options = routerOptions ?? Map(),
        });
        var peer = @switch.Add("ports", switchPort, new LogicalSwitchPort
        {
            Name = switchPort,
            Type = "router",
            Addresses = ["router"],
            Options = Map(("router-port", routerPort)),
        });
        return (peer, port);
    }

    internal static Dictionary<string, string> Map(params IEnumerable<(string Key, string Value)> pairs) =>
        pairs.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);

    internal static void Route(
        RowHandle router, string prefix, IpAddress nexthop, string? policy = null, string? outputPort = null,
        Dictionary<string, string>? ids = null) =>
        router.Add("static_routes", $"{policy ?? "dst-ip"} {prefix} via {nexthop}", new LogicalRouterStaticRoute
        {
            IpPrefix = prefix,
            Nexthop = nexthop.ToString(),
            Policy = policy,
            OutputPort = outputPort,
            ExternalIds = ids ?? [],
        });

    /// <summary>A policy of a router; it has to be allowed or to go elsewhere.</summary>
    internal static void Policy(RowHandle router, string key, int priority, string match, params IReadOnlyList<IpAddress> nexthops) =>
        router.Add("policies", key, new LogicalRouterPolicy
        {
            Priority = priority,
            Match = match,
            Action = nexthops.Count == 0 ? "allow" : "reroute",
            Nexthops = [.. nexthops.Order().Select(n => n.ToString())],
        });

    /// <summary>Another zone: its port on the transit switch, and the ways to its pods and its gateway router.</summary>
    private static void AddRemote(ClusterNetwork network, RowHandle router, RowHandle transit, ZoneNode remote)
    {
        var addresses = network.TransitAddresses(remote.Id);
        var options = Map(("requested-tnl-key", remote.Id.ToString(CultureInfo.InvariantCulture)));
        if (remote.ChassisId is { } chassis)
        {
            options["requested-chassis"] = chassis;
        }

        var name = "tstor-" + remote.Name;
        transit.Add("ports", name, new LogicalSwitchPort
        {
            Name = name,
            Type = "remote",
            Addresses = [$"{addresses[0].Address.Mac} {string.Join(' ', addresses)}"],
            Options = options,
            ExternalIds = Map(("node", remote.Name)),
        });
        var ids = Map(("ic-node", remote.Name));
        foreach (var family in network.Families)
        {
            var hop = family.TransitAddress(remote.Id).Address;
            if (remote.Subnet(family.Family) is { } subnet)
            {
                Route(router, subnet.ToString(), hop, ids: ids);
            }

            Route(router, family.JoinAddress(remote.Id).Address.Alone.ToString(), hop, ids: ids);
        }
    }

    /// <summary>The zone's own node: its switch with the management port and the pods, and its place on the transit switch.</summary>
    private static RowHandle AddNodeSwitch(RowSet rows, ZoneFacts facts, RowHandle router, RowHandle transit, ZoneNode local)
    {
        var nodeSwitch = rows.Add(local.Name, new LogicalSwitch
        {
            Name = local.Name,
            OtherConfig = Map(local.Subnets.SelectMany(s => s.Family == IpFamily.V4
                ? (IEnumerable<(string, string)>)[("subnet", s.ToString()), ("exclude_ips", s.At(2).ToString())]
                : [("ipv6_prefix", s.Address.ToString())])),
        });
        Connect(nodeSwitch, "stor-" + local.Name, router, "rtos-" + local.Name, [.. local.Subnets.Select(s => s.InterfaceAt(1))]);
        var (transitPort, _) = Connect(
            transit, "tstor-" + local.Name, router, "rtots-" + local.Name, facts.Network.TransitAddresses(local.Id),
            Map(("mcast_flood", "true")));
        var transitRow = (LogicalSwitchPort)transitPort.Row;
        transitRow.Options = Map(
            ("router-port", "rtots-" + local.Name), ("requested-tnl-key", local.Id.ToString(CultureInfo.InvariantCulture)));
        transitRow.ExternalIds = Map(("node", local.Name));

        var management = "k8s-" + local.Name;
        nodeSwitch.Add("ports", management, new LogicalSwitchPort
        {
            Name = management,
            Addresses = [$"{local.ManagementMac ?? local.Management.First().Mac} {string.Join(' ', local.Management)}"],
        });
        foreach (var pod in facts.Pods)
        {
            var address = $"{pod.Network.Mac} {string.Join(' ', pod.Network.Ips)}";
            var options = Map(("iface-id-ver", pod.Uid));
            if (local.ChassisId is { } chassis)
            {
                options["requested-chassis"] = chassis;
            }

            nodeSwitch.Add("ports", pod.Port, new LogicalSwitchPort
            {
                Name = pod.Port,
                Addresses = [address],
                PortSecurity = [address],
                Options = options,
                ExternalIds = Map(("namespace", pod.Namespace), ("pod", "true")),
            });
        }

        HostPlan.Add(router, facts, local);
        return nodeSwitch;
    }
}
