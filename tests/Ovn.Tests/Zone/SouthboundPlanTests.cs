using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Southbound;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Zone;

public sealed class SouthboundPlanTests
{
    [Fact]
    public void OtherZonesAreRemoteChassisWithATunnelEndpoint()
    {
        var rows = SouthboundPlan.Of(Sample.Facts);

        var chassis = Assert.Single(rows.All<Chassis>()).Value;
        Assert.Equal(("chassis-worker2", "worker2", "true"), (chassis.Name, chassis.Hostname, chassis.OtherConfig["is-remote"]));
        var encap = Assert.Single(rows.All<Encap>()).Value;
        Assert.Equal(("geneve", "10.0.123.12", "chassis-worker2", "true"), (encap.Type, encap.Ip, encap.ChassisName, encap.Options["csum"]));
    }

    /// <summary>northd copies a logical port's external_ids, the owner's mark among them, to its Port_Binding.</summary>
    [Fact]
    public void TheRowsHaveAnotherOwnerThanTheNorthboundOnes() =>
        Assert.NotEqual(NorthboundPlan.Of(Sample.Facts).Owner, SouthboundPlan.Of(Sample.Facts).Owner);

    [Fact]
    public void AZoneWithoutAChassisOrAnEndpointCannotBeReachedYet()
    {
        var facts = Sample.Facts with
        {
            Nodes = [Sample.Worker1, Sample.Worker2 with { ChassisId = null }, Sample.Worker2 with { Name = "worker3", Id = 4, EncapIp = null }],
        };
        Assert.Empty(SouthboundPlan.Of(facts).Rows);
    }

    /// <summary>
    /// A node that was registered again under another name leaves its old object behind for a while: a chassis is in the database
    /// once, and so is an endpoint, or the database refuses all of it; our own chassis is ovn-controller's.
    /// </summary>
    [Fact]
    public void AChassisOrEndpointThatTwoNodesClaimIsThereOnce()
    {
        var facts = Sample.Facts with
        {
            Nodes =
            [
                Sample.Worker1,
                Sample.Worker2,
                Sample.Worker2 with { Name = "worker2-again", Id = 4, EncapIp = IpAddress.Parse("10.0.123.13") },
                Sample.Worker2 with { Name = "worker2-moved", Id = 5, ChassisId = "other" },
                Sample.Worker1 with { Name = "worker1-before", Id = 6, EncapIp = IpAddress.Parse("10.0.123.14") },
                Sample.Worker1 with { Name = "worker1-moved", Id = 7, ChassisId = "another" },
            ],
        };
        Assert.Equal("worker2", Assert.Single(SouthboundPlan.Of(facts).All<Chassis>()).Value.Hostname);
    }
}
