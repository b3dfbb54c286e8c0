using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Zone;

public sealed class LoadBalancerPlanTests
{
    private const string Prefix = "Service_default/traffic_TCP_";

    [Fact]
    public void AClusterServiceIsOneBalancerForSwitchAndGateway()
    {
        var rows = Plan(Sample.Service(Sample.Port(0, ("10.233.65.9", "worker2"), ("10.233.64.4", "worker1"))));

        var (name, balancer) = Assert.Single(rows.All<LoadBalancer>());
        Assert.Equal(Prefix + "cluster", name);
        Assert.Equal((name, "tcp"), (balancer.Name, balancer.Protocol));
        Assert.Equal(["10.233.0.10:80=10.233.64.4:8080,10.233.65.9:8080"], balancer.Vips.Ordered());
        Assert.Equal(
            ["event=false", "hairpin_snat_ip=169.254.0.5", "neighbor_responder=none", "reject=true", "skip_snat=false"],
            balancer.Options.Ordered());
        Assert.Equal(["k8s.ovn.org/kind=Service", "k8s.ovn.org/owner=default/traffic"], balancer.ExternalIds.Ordered());
        Assert.Equal([name], rows.References<LoadBalancerGroup>("clusterLBGroup", "load_balancer"));
        Assert.Equal(["clusterLBGroup", "clusterSwitchLBGroup"], rows.References<LogicalSwitch>("worker1", "load_balancer_group"));
        Assert.Equal(["clusterLBGroup", "clusterRouterLBGroup"], rows.References<LogicalRouter>("GR_worker1", "load_balancer_group"));
    }

    [Fact]
    public void AServiceWithoutEndpointsRejects()
    {
        var balancer = Assert.Single(Plan(Sample.Service(Sample.Port(0))).All<LoadBalancer>()).Value;
        Assert.Equal(["10.233.0.10:80="], balancer.Vips.Ordered());
        Assert.Equal("true", balancer.Options["reject"]);
    }

    [Fact]
    public void TheHostsOwnEndpointHasItsMasqueradeAddressOnTheExternalSide()
    {
        var rows = Plan(Sample.Service(Sample.Port(0, ("10.0.123.21", "worker1"), ("10.0.123.22", "worker2"))));

        var all = rows.All<LoadBalancer>();
        Assert.Equal("10.0.123.21:8080,10.0.123.22:8080", all[Prefix + "node_switch_worker1"].Vips["10.233.0.10:80"]);
        Assert.Equal("10.0.123.22:8080,169.254.0.2:8080", all[Prefix + "node_router_worker1"].Vips["10.233.0.10:80"]);
        Assert.Equal([Prefix + "node_switch_worker1"], rows.References<LoadBalancerGroup>("clusterSwitchLBGroup", "load_balancer"));
        Assert.Equal([Prefix + "node_router_worker1"], rows.References<LoadBalancerGroup>("clusterRouterLBGroup", "load_balancer"));
    }

    [Fact]
    public void ANodePortIsServedOnEveryAddressOfTheHost()
    {
        var node = Sample.Worker1 with { HostAddresses = [IpAddress.Parse("10.0.110.21")] };
        var rows = NorthboundPlan.Of(
            Sample.Facts with { Nodes = [node], Services = [Sample.Service(Sample.Port(30080, ("10.233.64.4", "worker1")))] });

        Assert.Equal(
            ["10.0.110.21:30080", "10.0.123.21:30080", "10.233.0.10:80"],
            Assert.Single(rows.All<LoadBalancer>()).Value.Vips.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ALocalExternalPolicyKeepsTheClientsAddress()
    {
        var service = Sample.Service(Sample.Port(30080, ("10.233.64.4", "worker1"), ("10.233.65.9", "worker2"))) with { ExternalLocal = true };
        var all = Plan(service).All<LoadBalancer>();

        Assert.Equal(
            [Prefix + "node_local_router_worker1", Prefix + "node_router_worker1", Prefix + "node_switch_worker1"],
            all.Keys.Order(StringComparer.Ordinal));
        var local = all[Prefix + "node_local_router_worker1"];
        Assert.Equal(["10.0.123.21:30080=10.233.64.4:8080"], local.Vips.Ordered());
        Assert.Equal("true", local.Options["skip_snat"]);
        Assert.Equal("10.233.64.4:8080,10.233.65.9:8080", all[Prefix + "node_switch_worker1"].Vips["10.0.123.21:30080"]);
        Assert.Equal("10.233.64.4:8080", all[Prefix + "node_switch_worker1"].Vips["169.254.0.3:30080"]);
        Assert.Equal(["10.233.0.10:80"], all[Prefix + "node_router_worker1"].Vips.Keys);
    }

    /// <summary>The clients of a cluster address are the node's pods and, over the gateway router, its host.</summary>
    [Fact]
    public void ALocalInternalPolicyHoldsForTheNodesPodsAndForItsHost()
    {
        var service = Sample.Service(Sample.Port(30080, ("10.233.64.4", "worker1"), ("10.233.65.9", "worker2"))) with { InternalLocal = true };
        var all = Plan(service).All<LoadBalancer>().Values.Where(b => b.Name.StartsWith(Prefix, StringComparison.Ordinal)).SelectMany(b => b.Vips).ToLookup(v => v.Key, v => v.Value);
        Assert.All(all["10.233.0.10:80"], targets => Assert.Equal("10.233.64.4:8080", targets));

        // Who comes from outside is not meant.
        Assert.All(all["10.0.123.21:30080"], targets => Assert.Equal("10.233.64.4:8080,10.233.65.9:8080", targets));
    }

    /// <summary>Where only a node's own endpoints count, ready ones elsewhere are no reason to refuse what an ending one still serves.</summary>
    [Fact]
    public void ALocalPolicyFallsBackToWhatEndsOnTheNodeItself()
    {
        ZoneEndpoint[] endpoints = [new(IpAddress.Parse("10.233.64.4"), 8080, "worker1", IsReady: false), new(IpAddress.Parse("10.233.65.9"), 8080, "worker2")];
        var service = Sample.Service(Sample.Port(30080) with { Candidates = endpoints }) with { ExternalLocal = true, InternalLocal = true };
        var all = Plan(service).All<LoadBalancer>();

        Assert.Equal("10.233.64.4:8080", all[Prefix + "node_local_router_worker1"].Vips["10.0.123.21:30080"]);
        var onSwitch = all[Prefix + "node_switch_worker1"];
        Assert.Equal("10.233.64.4:8080", onSwitch.Vips["10.233.0.10:80"]);
        Assert.Equal("10.233.64.4:8080", onSwitch.Vips["169.254.0.3:30080"]);

        // Who may go anywhere goes to what is ready.
        Assert.Equal("10.233.65.9:8080", onSwitch.Vips["10.0.123.21:30080"]);
        Assert.Equal("10.233.64.4:8080", all[Prefix + "node_router_worker1"].Vips["10.233.0.10:80"]);
    }

    [Fact]
    public void ALocalPolicyPrefersWhatIsReadyOnTheNode()
    {
        ZoneEndpoint[] endpoints = [new(IpAddress.Parse("10.233.64.4"), 8080, "worker1", IsReady: false), new(IpAddress.Parse("10.233.64.5"), 8080, "worker1")];
        var all = Plan(Sample.Service(Sample.Port(30080) with { Candidates = endpoints }) with { ExternalLocal = true }).All<LoadBalancer>();
        Assert.Equal("10.233.64.5:8080", all[Prefix + "node_local_router_worker1"].Vips["10.0.123.21:30080"]);
    }

    [Fact]
    public void AnExternalClientOfALocalServiceIsRefusedWhereThereIsNoEndpoint()
    {
        var all = Plan(Sample.Service(Sample.Port(30080, ("10.233.65.9", "worker2"))) with { ExternalLocal = true }).All<LoadBalancer>();
        var local = all[Prefix + "node_local_router_worker1"];
        Assert.Equal(["10.0.123.21:30080="], local.Vips.Ordered());
        Assert.Equal("true", local.Options["reject"]);
    }

    [Fact]
    public void AffinityIsATimeAndProtocolsAreApart()
    {
        var port = Sample.Port(0, ("10.233.64.4", "worker1"));
        var all = Plan(Sample.Service(port, port with { Protocol = "udp" }) with { AffinitySeconds = 10800 }).All<LoadBalancer>();
        Assert.Equal(["tcp", "udp"], all.Values.Select(b => b.Protocol!).Order(StringComparer.Ordinal));
        Assert.All(all.Values, b => Assert.Equal("10800", b.Options["affinity_timeout"]));
        Assert.All(all.Values, b => Assert.Empty(b.SelectionFields));
    }

    /// <summary>A flow lives for 65535 seconds at most; after that the client's address alone leads to the same endpoint.</summary>
    [Fact]
    public void Facts_9_29_TheLongestAffinityIsARealTimeToo()
    {
        var balancer = Assert.Single(Plan(
            Sample.Service(Sample.Port(0, ("10.233.64.4", "worker1"))) with { AffinitySeconds = 86400 }).All<LoadBalancer>()).Value;
        Assert.Equal("65535", balancer.Options["affinity_timeout"]);
        Assert.Equal(["ip_dst", "ip_src"], balancer.SelectionFields.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EachServiceIsOneEntryHoweverManyNodesThereAre()
    {
        var nodes = Enumerable.Range(3, 40).Select(i => Sample.Node(
            $"remote{i}", i, $"10.233.{64 + i}.0/24", $"10.0.124.{i}", $"10.0.125.{i}/24"));
        var services = Enumerable.Range(1, 50).Select(i => Sample.Service(Sample.Port(0, ("10.233.64.4", "worker1"))) with
        {
            Name = $"s{i}",
            ClusterIps = [IpAddress.Parse($"10.233.0.{i}")],
        });
        var rows = NorthboundPlan.Of(Sample.Facts with { Nodes = [Sample.Worker1, .. nodes], Services = [.. services] });
        Assert.Equal(50, rows.All<LoadBalancer>().Count);
        Assert.Equal(50, rows.References<LoadBalancerGroup>("clusterLBGroup", "load_balancer").Count);
    }

    [Fact]
    public void WithoutAGatewayThePodsAreServedAlready()
    {
        var rows = NorthboundPlan.Of(Sample.Facts with
        {
            Nodes = [Sample.Worker1 with { Gateway = null }],
            Services = [Sample.Service(Sample.Port(0, ("10.233.64.4", "worker1")))],
        });
        Assert.Single(rows.References<LoadBalancerGroup>("clusterLBGroup", "load_balancer"));
        Assert.Contains("clusterLBGroup", rows.References<LogicalSwitch>("worker1", "load_balancer_group"));
    }

    private static Ovsdb.Rows.RowSet Plan(ZoneService service) => NorthboundPlan.Of(Sample.Facts with { Services = [service] });
}
