using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Tests.Node;

public sealed class HostNetworkMissingTests
{
    private static readonly HostFacts Facts = new("ens1f0np0", [IpAddress.Parse("10.0.123.21")], [Cidr.Parse("10.233.64.0/24")], Sample.Network);

    private static NetworkState Whole => new(
        [
            new Link("ovn-k8s-mp0", "0a:58:0a:e9:40:02", [Cidr.Parse("10.233.64.2/24")], 1400),
            new Link("ens1f0np0", "02:00:00:00:00:01", [Cidr.Parse("10.0.123.21/24"), Cidr.Parse("169.254.0.2/17")]),
        ],
        [
            new Route(Cidr.Parse("0.0.0.0/0"), IpAddress.Parse("10.0.110.254"), "br-dpu", Metric: 100),
            new Route(Cidr.Parse("10.233.0.0/18"), IpAddress.Parse("169.254.0.4"), "ens1f0np0", IpAddress.Parse("169.254.0.2"), 1400),
            new Route(Cidr.Parse("10.233.64.0/18"), IpAddress.Parse("10.233.64.1"), "ovn-k8s-mp0"),
            new Route(Cidr.Parse("169.254.0.1/32"), null, "ens1f0np0", IpAddress.Parse("10.0.123.21")),
            new Route(Cidr.Parse("169.254.0.3/32"), IpAddress.Parse("10.233.64.1"), "ovn-k8s-mp0"),
        ],
        [
            new Neighbour(IpAddress.Parse("10.233.64.1"), "0a:58:0a:e9:40:01", "ovn-k8s-mp0"),
            new Neighbour(IpAddress.Parse("169.254.0.1"), "0a:58:a9:fe:00:01", "ens1f0np0"),
            new Neighbour(IpAddress.Parse("169.254.0.4"), "0a:58:a9:fe:00:04", "ens1f0np0"),
        ]);

    [Fact]
    public void WhereNothingIsMissingNothingIsDone() => Assert.Empty(HostNetwork.Missing(Facts, Whole));

    [Fact]
    public void OnAnEmptyMachineEverythingIsMissing() =>
        Assert.Equal(HostNetwork.All(Facts), HostNetwork.Missing(Facts, new NetworkState([], [], [])));

    /// <summary>A known fault of the original (2): what a DHCP client or <c>netplan apply</c> drops is put back.</summary>
    [Fact]
    public void Bug2_OnlyWhatWasTakenAwayIsPutBack()
    {
        var flushed = Whole with
        {
            Links = [Whole.Links[0], Whole.Links[1] with { Addresses = [Cidr.Parse("10.0.123.21/24")] }],
            Routes = [.. Whole.Routes.Where(r => r.Source != IpAddress.Parse("169.254.0.2"))],
        };
        Assert.Equal(
            [
                "addr replace 169.254.0.2/17 dev ens1f0np0",
                "route replace 10.233.0.0/18 via 169.254.0.4 dev ens1f0np0 src 169.254.0.2 mtu 1400",
            ],
            Lines(Facts, flushed));
    }

    [Fact]
    public void AManagementPortThatIsDownOrOfAnotherMtuIsSetUp()
    {
        var line = "link set ovn-k8s-mp0 mtu 1400 up";
        Assert.Equal([line], Lines(Facts, Whole with { Links = [Whole.Links[0] with { IsUp = false }, Whole.Links[1]] }));
        Assert.Equal([line], Lines(Facts, Whole with { Links = [Whole.Links[0] with { Mtu = 1500 }, Whole.Links[1]] }));
    }

    /// <summary>MTUs above 1450 are taken as they are, and reach the service route too.</summary>
    [Fact]
    public void Bug4_AnotherMtuReachesPortAndRoute()
    {
        var jumbo = Facts with { Network = Sample.Network with { Mtu = 8900 } };
        Assert.Equal(
            [
                "link set ovn-k8s-mp0 mtu 8900 up",
                "route replace 10.233.0.0/18 via 169.254.0.4 dev ens1f0np0 src 169.254.0.2 mtu 8900",
            ],
            Lines(jumbo, Whole));
    }

    [Fact]
    public void OfAPortOfItsOwnNothingIsStale()
    {
        Assert.Empty(HostNetwork.Stale(Facts, Whole));
        Assert.Empty(HostNetwork.Stale(Facts, new NetworkState([], [], [])));
    }

    /// <summary>A node that was deleted and registered again has another subnet, while the port is as it was; other addresses are not ours.</summary>
    [Fact]
    public void WhatThePortHasOfAFormerSubnetIsStale()
    {
        var port = new Link("ovn-k8s-mp0", "0a:58:0a:e9:46:02", [Cidr.Parse("10.233.70.2/24"), Cidr.Parse("192.0.2.1/24"), Cidr.Parse("10.233.64.2/24")], 1400);
        Assert.Equal(
            ["addr del 10.233.70.2/24 dev ovn-k8s-mp0", "link set ovn-k8s-mp0 down", "link set ovn-k8s-mp0 address 0a:58:0a:e9:40:02"],
            HostNetwork.Stale(Facts, Whole with { Links = [port, Whole.Links[1]] }).Select(c => c.ToString()));
    }

    private static IEnumerable<string> Lines(HostFacts facts, NetworkState state) => HostNetwork.Missing(facts, state).Select(c => c.ToString());
}
