using Dpf.Ovn.Zone.Applying;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Models.Southbound;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>
/// Faults that the original had and what is so instead, by their numbers in the list of its known faults. Further ones are named so
/// where their subject is tested.
/// </summary>
public sealed class KnownFaultsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Facts_9_16_TheTunnelEndsAtTheDpuAndNotAtItsHost()
    {
        var remote = Sample.Worker2 with { HostAddresses = [IpAddress.Parse("10.0.110.22")] };
        var encap = Assert.Single(SouthboundPlan.Of(Sample.Facts with { Nodes = [Sample.Worker1, remote] }).All<Encap>()).Value;
        Assert.Equal("10.0.123.12", encap.Ip);
    }

    [Fact]
    public void Facts_9_17_PortsAskForAChassisByItsIdAndNotByAName()
    {
        var ports = NorthboundPlan.Of(Sample.Facts).All<LogicalSwitchPort>();
        Assert.Equal("chassis-worker1", ports["worker1/default_a"].Options["requested-chassis"]);
        Assert.Equal("chassis-worker2", ports["transit_switch/tstor-worker2"].Options["requested-chassis"]);
        Assert.Equal("chassis-worker1", NorthboundPlan.Of(Sample.Facts).All<LogicalRouter>()["GR_worker1"].Options["chassis"]);
    }

    /// <summary>A card that is installed again: whatever names the chassis names the new one, the gateway with its services too.</summary>
    [Fact]
    public void Facts_9_18_AReinstalledDpuIsTheNewChassisEverywhere()
    {
        var service = Sample.Service(Sample.Port(0, ("10.233.64.3", "worker1")));
        var rows = NorthboundPlan.Of(Sample.Facts with
        {
            Nodes = [Sample.Worker1 with { ChassisId = "new" }, Sample.Worker2],
            Services = [service],
        });
        Assert.All(rows.All<LogicalSwitchPort>().Where(p => p.Key.StartsWith("worker1/default", StringComparison.Ordinal)),
            p => Assert.Equal("new", p.Value.Options["requested-chassis"]));
        Assert.Equal("new", rows.All<LogicalRouter>()["GR_worker1"].Options["chassis"]);
        Assert.Contains("clusterLBGroup", rows.References<LogicalRouter>("GR_worker1", "load_balancer_group"));
    }

    [Fact]
    public void Facts_9_22_ANodesSecondAddressIsReachedThroughItsZoneUnlessTheGatewaysOwnNetworkHoldsIt()
    {
        var remote = Sample.Worker2 with { HostAddresses = [IpAddress.Parse("10.0.110.12"), IpAddress.Parse("10.0.123.99")] };

        var policies = NorthboundPlan.Of(Sample.Facts with { Nodes = [Sample.Worker1, remote] }).All<LogicalRouterPolicy>().Values;

        var policy = Assert.Single(policies, p => p.Priority == 1003);
        Assert.Contains("ip4.dst == 10.0.110.12 ", policy.Match, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Facts_9_19_AndFacts_9_37_AnotherNumberOrHostAddressLeavesNoRouteBehind()
    {
        await using var north = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        await using var south = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-sb.ovsschema", Cancellation);
        await OvsdbServer.RunAsync(Cancellation, "ovn-nbctl", $"--db=unix:{north.Socket}", "init");
        await OvsdbServer.RunAsync(Cancellation, "ovn-sbctl", $"--db=unix:{south.Socket}", "init");
        await using var databases = new ZoneDatabases(() => north.Socket, () => south.Socket, TimeProvider.System, NullLogger.Instance);
        await databases.ApplyAsync(Sample.Facts, Cancellation);

        var moved = Sample.Node("worker1", 7, "10.233.64.0/24", "10.0.123.31", "10.0.123.41/24");
        await databases.ApplyAsync(Sample.Facts with { Nodes = [moved, Sample.Worker2] }, Cancellation);

        var now = databases.North.Replica.Current;
        var texts = now.All<LogicalRouterStaticRoute>().Select(r => $"{r.IpPrefix} {r.Nexthop}")
            .Concat(now.All<Nat>().Select(n => $"{n.LogicalIp} {n.ExternalIp}"))
            .Concat(now.All<LogicalRouterPort>().SelectMany(p => p.Networks))
            .Concat(now.All<LogicalRouterPolicy>().Select(p => p.Match)).ToList();
        Assert.DoesNotContain(texts, t => t.Contains("100.64.0.2", StringComparison.Ordinal) || t.Contains("100.88.0.2", StringComparison.Ordinal));
        Assert.DoesNotContain(texts, t => t.Contains("10.0.123.21", StringComparison.Ordinal));
        Assert.Contains("100.64.0.7 10.0.123.41", texts);
        Assert.Contains("10.233.64.0/24 100.64.0.7", texts);
    }

    /// <summary>The node port is at every address of the host, also where only the host itself translates it.</summary>
    [Fact]
    public void Facts_9_27_NodePortsAreServedForPodsAtEveryAddressOfTheHost()
    {
        var node = Sample.Worker1 with { HostAddresses = [IpAddress.Parse("10.0.110.21")] };
        var vips = NorthboundPlan.Of(Sample.Facts with
        {
            Nodes = [node, Sample.Worker2],
            Services = [Sample.Service(Sample.Port(30080, ("10.233.64.3", "worker1")))],
        }).All<Ovsdb.Models.Northbound.LoadBalancer>().Values.SelectMany(b => b.Vips.Keys).ToList();
        Assert.Contains("10.0.110.21:30080", vips);
        Assert.Contains("10.0.123.21:30080", vips);
    }
}
