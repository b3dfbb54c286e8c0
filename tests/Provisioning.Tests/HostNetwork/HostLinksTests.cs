using Dpf.Provisioning.HostNetwork;

namespace Dpf.Provisioning.Tests.HostNetwork;

public sealed class HostLinksTests
{
    [Fact]
    public void A_device_is_read_from_what_ip_says()
    {
        var link = HostLinks.ParseLink("""
            [{"ifindex":4,"ifname":"br-dpu","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"linkinfo":{"info_kind":"bridge"},
              "addr_info":[{"family":"inet","local":"10.0.110.11","prefixlen":24}]}]
            """);

        Assert.Equal(new HostLink("br-dpu", "bridge", null, 1500, true, true), link);
    }

    [Fact]
    public void A_device_without_an_address_that_is_down_in_a_bridge_is_just_that()
    {
        var link = HostLinks.ParseLink("""[{},{"ifname":"ens1f0v0","flags":["BROADCAST"],"master":"br-dpu","mtu":9000,"addr_info":[{"family":"inet6"}]}]""");

        Assert.Equal(new HostLink("ens1f0v0", "", "br-dpu", 9000, false, false), link);
        Assert.Null(HostLinks.ParseLink(""));
        Assert.Null(HostLinks.ParseLink("[]"));
    }

    [Fact]
    public void A_route_without_a_metric_has_metric_0() =>
        Assert.Equal([100, 0], HostLinks.ParseMetrics("""[{"dst":"default","metric":100},{"dst":"default"}]"""));
}
