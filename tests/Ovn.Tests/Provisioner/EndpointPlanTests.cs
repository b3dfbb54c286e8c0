using Dpf.Ovn.Provisioner;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Tests.Provisioner;

public sealed class EndpointPlanTests
{
    private static readonly Cidr Discovery = Cidr.Parse("169.254.99.100/32");

    private static readonly DhcpLease Lease = new(
        Cidr.Parse("10.0.123.11/24"), IpAddress.Parse("10.0.123.253"), TimeSpan.FromMinutes(10),
        [new DhcpRoute(Discovery, IpAddress.Parse("10.0.123.254")), new DhcpRoute(Cidr.Parse("10.0.124.0/24"), IpAddress.Parse("10.0.123.253"))], 1460);

    private static EndpointPlan Plan => EndpointPlan.Of("br-ovn", Lease, Cidr.Parse("10.0.110.0/24"), Discovery);

    private static NetworkState Whole => new([new Link("br-ovn", "", [Plan.Address])], Plan.Routes, []);

    [Fact]
    public void TheGatewayIsTheNextHopToTheDiscoveryNetwork() => Assert.Equal(IpAddress.Parse("10.0.123.254"), Plan.Gateway);

    [Fact]
    public void AnotherDiscoveryNetworkIsAnotherGateway()
    {
        var other = EndpointPlan.Of("br-ovn", Lease with { Routes = [new DhcpRoute(Cidr.Parse("192.0.2.1/32"), IpAddress.Parse("10.0.123.200"))] }, null, Cidr.Parse("192.0.2.1/32"));
        Assert.Equal(IpAddress.Parse("10.0.123.200"), other.Gateway);
    }

    [Fact]
    public void WithoutThatRouteTheMessageNamesServerAndNetwork()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => EndpointPlan.Of("br-ovn", Lease with { Routes = [] }, null, Discovery));
        Assert.Contains("10.0.123.253", failure.Message, StringComparison.Ordinal);
        Assert.Contains("169.254.99.100/32", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A known fault of the original (5): the hosts' route, worse than any other, is back after the switch restarted.</summary>
    [Fact]
    public void Bug5_TheHostsRouteIsPutBack()
    {
        var lost = Whole with { Routes = [.. Whole.Routes.Where(r => r.Metric == 0)] };
        Assert.Equal(
            ["route replace 10.0.110.0/24 via 10.0.123.254 dev br-ovn metric 10000"], Plan.Missing("br-ovn", lost, null).Select(c => c.ToString()));
    }

    [Fact]
    public void WhereNothingIsMissingNothingIsDone() => Assert.Empty(Plan.Missing("br-ovn", Whole, null));

    /// <summary>A known fault of the original (35): another lease replaces the address; two are not an error.</summary>
    [Fact]
    public void Bug35_AFormerAddressGoes()
    {
        var two = Whole with { Links = [new Link("br-ovn", "", [Cidr.Parse("10.0.123.99/24"), Plan.Address])] };
        Assert.Equal(["addr del 10.0.123.99/24 dev br-ovn"], Plan.Missing("br-ovn", two, Cidr.Parse("10.0.123.99/24")).Select(c => c.ToString()));
        Assert.Empty(Plan.Missing("br-ovn", two, null));
    }
}
