using Dpf.Ovn.Addressing;
using Dpf.Ovn.Node;

namespace Dpf.Ovn.Tests.Node;

public sealed class KernelStateTests
{
    private static readonly HostFacts Facts = new("ens1f0np0", [IpAddress.Parse("10.0.123.21")], [Cidr.Parse("10.233.64.0/24")], Sample.Network);

    private const string Routes =
        """
        [{"dst":"default","gateway":"10.0.110.254","dev":"br-dpu","metric":100,"flags":[]},
         {"dst":"10.233.0.0/18","gateway":"169.254.0.4","dev":"ens1f0np0","prefsrc":"169.254.0.2","flags":[],"metrics":[{"mtu":1400}]},
         {"dst":"10.233.64.0/18","gateway":"10.233.64.1","dev":"ovn-k8s-mp0","flags":[]},
         {"dst":"169.254.0.1","dev":"ens1f0np0","scope":"link","prefsrc":"10.0.123.21","flags":[]},
         {"dst":"169.254.0.3","gateway":"10.233.64.1","dev":"ovn-k8s-mp0","flags":[]},
         {"type":"unreachable","dst":"10.9.0.0/16","flags":[]}]
        """;

    private const string Neighbours =
        """
        [{"dst":"10.233.64.1","dev":"ovn-k8s-mp0","lladdr":"0a:58:0a:e9:40:01","state":["PERMANENT"]},
         {"dst":"169.254.0.1","dev":"ens1f0np0","lladdr":"0a:58:a9:fe:00:01","state":["PERMANENT"]},
         {"dst":"169.254.0.4","dev":"ens1f0np0","lladdr":"0a:58:a9:fe:00:04","state":["PERMANENT"]}]
        """;

    private static KernelState Whole => new(
        [
            new Link("ovn-k8s-mp0", "0a:58:0a:e9:40:02", [Cidr.Parse("10.233.64.2/24")], 1400),
            new Link("ens1f0np0", "02:00:00:00:00:01", [Cidr.Parse("10.0.123.21/24"), Cidr.Parse("169.254.0.2/17")]),
        ],
        KernelState.ReadRoutes(Routes, IpFamily.V4),
        KernelState.ReadNeighbours(Neighbours));

    [Fact]
    public void RoutesAreReadAsTheKernelShowsThem()
    {
        var routes = KernelState.ReadRoutes(Routes, IpFamily.V4);
        Assert.Equal(5, routes.Count);
        Assert.Contains(new Route(Cidr.Parse("0.0.0.0/0"), IpAddress.Parse("10.0.110.254"), "br-dpu", null, null, 100), routes);
        Assert.Contains(
            new Route(Cidr.Parse("10.233.0.0/18"), IpAddress.Parse("169.254.0.4"), "ens1f0np0", IpAddress.Parse("169.254.0.2"), 1400), routes);
        Assert.Contains(new Route(Cidr.Parse("169.254.0.1/32"), null, "ens1f0np0", IpAddress.Parse("10.0.123.21"), null), routes);
        Assert.Empty(KernelState.ReadRoutes("", IpFamily.V4));
    }

    [Fact]
    public void WhereNothingIsMissingNothingIsDone() => Assert.Empty(HostNetwork.Missing(Facts, Whole));

    [Fact]
    public void OnAnEmptyMachineEverythingIsMissing() =>
        Assert.Equal(HostNetwork.Batch(Facts), HostNetwork.Missing(Facts, new KernelState([], [], [])));

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
            HostNetwork.Missing(Facts, flushed));
    }

    [Fact]
    public void AManagementPortThatIsDownOrOfAnotherMtuIsSetUp()
    {
        var line = "link set ovn-k8s-mp0 up mtu 1400";
        Assert.Equal([line], HostNetwork.Missing(Facts, Whole with { Links = [Whole.Links[0] with { IsUp = false }, Whole.Links[1]] }));
        Assert.Equal([line], HostNetwork.Missing(Facts, Whole with { Links = [Whole.Links[0] with { Mtu = 1500 }, Whole.Links[1]] }));
    }

    /// <summary>MTUs above 1450 are taken as they are, and reach the service route too.</summary>
    [Fact]
    public void Bug4_AnotherMtuReachesPortAndRoute()
    {
        var jumbo = Facts with { Network = Sample.Network with { Mtu = 8900 } };
        Assert.Equal(
            [
                "link set ovn-k8s-mp0 up mtu 8900",
                "route replace 10.233.0.0/18 via 169.254.0.4 dev ens1f0np0 src 169.254.0.2 mtu 8900",
            ],
            HostNetwork.Missing(jumbo, Whole));
    }
}
