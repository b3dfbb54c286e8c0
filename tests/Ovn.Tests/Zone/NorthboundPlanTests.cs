using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>A zone's rows as values.</summary>
public sealed class NorthboundPlanTests
{
    [Fact]
    public void TheZonesNodeHasASwitchOnTheClusterRouter()
    {
        var rows = NorthboundPlan.Of(Sample.Facts);

        var routers = rows.All<LogicalRouterPort>();
        Assert.Equal("0a:58:0a:e9:40:01 10.233.64.1/24", Port("rtos-worker1"));
        Assert.Equal("0a:58:64:58:00:02 100.88.0.2/16", Port("rtots-worker1"));
        Assert.Equal("0a:58:64:40:00:01 100.64.0.1/16", Port("rtoj-ovn_cluster_router"));
        var @switch = rows.All<LogicalSwitch>()["worker1"];
        Assert.Equal(["exclude_ips=10.233.64.2", "subnet=10.233.64.0/24"], @switch.OtherConfig.Ordered());
        var management = rows.All<LogicalSwitchPort>()["worker1/k8s-worker1"];
        Assert.Equal(["0a:58:0a:e9:40:02 10.233.64.2"], management.Addresses);
        Assert.Empty(management.PortSecurity);
        string Port(string name) => routers["ovn_cluster_router/" + name] is var port ? $"{port.Mac} {port.Networks.Single()}" : "";
    }

    [Fact]
    public void APodsPortIsBoundToItsIncarnationAndItsChassis()
    {
        var port = NorthboundPlan.Of(Sample.Facts).All<LogicalSwitchPort>()["worker1/default_a"];

        Assert.Equal("default_a", port.Name);
        Assert.Equal(["0a:58:0a:e9:40:03 10.233.64.3"], port.Addresses);
        Assert.Equal(port.Addresses, port.PortSecurity);
        Assert.Equal(["iface-id-ver=uid-a", "requested-chassis=chassis-worker1"], port.Options.Ordered());
        Assert.Equal(["namespace=default", "pod=true"], port.ExternalIds.Ordered());
    }

    [Fact]
    public void ZonesMeetOnATransitSwitchWhoseKeysAllAgreeUpon()
    {
        var rows = NorthboundPlan.Of(Sample.Facts);

        var transit = rows.All<LogicalSwitch>()["transit_switch"].OtherConfig;
        Assert.Equal(("transit_switch", "16711683"), (transit["interconn-ts"], transit["requested-tnl-key"]));
        var ports = rows.All<LogicalSwitchPort>();
        var mine = ports["transit_switch/tstor-worker1"];
        Assert.Equal(("router", "2", "rtots-worker1"), (mine.Type, mine.Options["requested-tnl-key"], mine.Options["router-port"]));
        var theirs = ports["transit_switch/tstor-worker2"];
        Assert.Equal(("remote", "3", "chassis-worker2"), (theirs.Type, theirs.Options["requested-tnl-key"], theirs.Options["requested-chassis"]));
        Assert.Equal(["0a:58:64:58:00:03 100.88.0.3/16"], theirs.Addresses);
        Assert.Equal(
            ["10.233.65.0/24 100.88.0.3", "100.64.0.3/32 100.88.0.3"],
            Routes(rows, "ovn_cluster_router").Where(r => r.ExternalIds.GetValueOrDefault("ic-node") == "worker2").Select(Text));
    }

    [Fact]
    public void ANodeWithoutAChassisHasPortsAlready()
    {
        var facts = Sample.Facts;
        var rows = NorthboundPlan.Of(facts with { Nodes = [.. facts.Nodes.Select(n => n with { ChassisId = null, Gateway = null })] });

        Assert.Equal(["iface-id-ver=uid-a"], rows.All<LogicalSwitchPort>()["worker1/default_a"].Options.Ordered());
        Assert.False(rows.All<LogicalSwitchPort>()["transit_switch/tstor-worker2"].Options.ContainsKey("requested-chassis"));
        Assert.DoesNotContain("GR_worker1", rows.All<LogicalRouter>().Keys);
    }

    [Fact]
    public void PodsReachTheirOwnHostThroughItsManagementPort()
    {
        var node = Sample.Worker1 with { HostAddresses = [IpAddress.Parse("10.0.110.21")] };
        var policies = NorthboundPlan.Of(Sample.Facts with { Nodes = [node] }).All<LogicalRouterPolicy>().Values.ToList();

        Assert.Equal(
            ["inport == \"rtos-worker1\" && ip4.dst == 10.0.110.21 /* worker1 */", "inport == \"rtos-worker1\" && ip4.dst == 10.0.123.21 /* worker1 */"],
            policies.Select(p => p.Match).Order(StringComparer.Ordinal));
        Assert.All(policies, p => Assert.Equal((1004, "reroute", "10.233.64.2"), ((int)p.Priority, p.Action, p.Nexthops.Single())));
    }

    [Fact]
    public void TheWayOutIsTheNodesOwnGatewayRouter()
    {
        var rows = NorthboundPlan.Of(Sample.Facts);

        Assert.Equal(
            [
                "always_learn_from_arp_request=false", "chassis=chassis-worker1", "dynamic_neigh_routers=true", "lb_force_snat_ip=router_ip",
                "mac_binding_age_threshold=300", "snat-ct-zone=0",
            ],
            rows.All<LogicalRouter>()["GR_worker1"].Options.Ordered());
        Assert.Equal(
            ["0.0.0.0/0 10.0.123.254 rtoe-GR_worker1", "10.233.64.0/18 100.64.0.1", "169.254.0.0/17 169.254.0.4 rtoe-GR_worker1"],
            Routes(rows, "GR_worker1").Select(Text).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["10.233.64.0/24 100.64.0.2 src-ip", "100.64.0.2 100.64.0.2"],
            Routes(rows, "ovn_cluster_router").Where(r => !r.ExternalIds.ContainsKey("ic-node")).Select(Text).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["10.0.123.21 10.233.64.0/18 snat", "10.0.123.21 100.64.0.2 snat"],
            rows.All<Nat>().Values.Select(n => $"{n.ExternalIp} {n.LogicalIp} {n.Type}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void HostAndGatewayRouterShareOneMacOnTheWire()
    {
        var rows = NorthboundPlan.Of(Sample.Facts);

        var edge = rows.All<LogicalRouterPort>()["GR_worker1/rtoe-GR_worker1"];
        Assert.Equal(("0a:00:00:00:00:01", "10.0.123.21/24"), (edge.Mac, edge.Networks.Single()));
        var ports = rows.All<LogicalSwitchPort>();
        Assert.Equal(["0a:00:00:00:00:01"], ports["ext_worker1/etor-GR_worker1"].Addresses);
        var wire = ports["ext_worker1/br-ovn_worker1"];
        Assert.Equal(("localnet", "unknown", "physnet"), (wire.Type, wire.Addresses.Single(), wire.Options["network_name"]));
        var dummy = Assert.Single(rows.All<StaticMacBinding>().Values);
        Assert.Equal(
            ("rtoe-GR_worker1", "169.254.0.4", "0a:58:a9:fe:00:04", true), (dummy.LogicalPort, dummy.Ip, dummy.Mac, dummy.OverrideDynamicMac));
    }

    [Fact]
    public void AZoneWhoseNodeHasNoSubnetYetKnowsTheOthers()
    {
        var rows = NorthboundPlan.Of(Sample.Facts with { Nodes = [Sample.Worker2] });
        Assert.Equal(["join", "transit_switch"], rows.All<LogicalSwitch>().Keys.Order(StringComparer.Ordinal));
        Assert.Contains("transit_switch/tstor-worker2", rows.All<LogicalSwitchPort>().Keys);
    }

    private static IEnumerable<LogicalRouterStaticRoute> Routes(Ovsdb.Rows.RowSet rows, string router) =>
        rows.All<LogicalRouterStaticRoute>().Where(r => r.Key.StartsWith(router + "/", StringComparison.Ordinal)).Select(r => r.Value);

    private static string Text(LogicalRouterStaticRoute route) =>
        string.Join(' ', new[] { route.IpPrefix, route.Nexthop, route.Policy, route.OutputPort }.Where(t => !string.IsNullOrEmpty(t)));
}
