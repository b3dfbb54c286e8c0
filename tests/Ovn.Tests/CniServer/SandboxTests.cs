using Dpf.Cni;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.CniServer;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Tests.CniServer;

/// <summary>What is known of sandboxes: CHECK and GC.</summary>
public sealed class SandboxTests
{
    private static readonly PodNetwork Network = PodNetwork.Of([Cidr.Parse("10.233.64.3/24")], Sample.Network);

    private static readonly AttachmentState State = new("ens1f0v2", "eth0")
    {
        NetworkNamespace = "/run/netns/x", PciAddress = "0000:03:00.4", NetworkName = "ovn-primary", Addresses = Network.Write(), Mtu = 1400,
    };

    [Theory]
    [InlineData("10.233.64.3", 24, "0a:58:0a:e9:40:03", null)]
    [InlineData("10.233.64.4", 24, "0a:58:0a:e9:40:03", "address 10.233.64.3/24")]
    [InlineData("10.233.64.3", 16, "0a:58:0a:e9:40:03", "address 10.233.64.3/24")]
    [InlineData("10.233.64.3", 24, "0a:58:0a:e9:40:04", "MAC address")]
    public void CheckLooksAtTheAddresses(string address, int length, string mac, string? missing)
    {
        var found = SandboxCheck.Missing(State, "eth0", new Link("eth0", mac, [Cidr.Parse($"{address}/{length}")]));
        Assert.Equal(missing is null, found is null);
        Assert.Contains(missing ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void CheckSaysWhatIsNotThere()
    {
        Assert.Contains("not known", SandboxCheck.Missing(null, "eth0", null), StringComparison.Ordinal);
        Assert.Contains("no interface eth0", SandboxCheck.Missing(State, "eth0", null), StringComparison.Ordinal);
    }

    [Fact]
    public void GcCollectsWhatTheRuntimeDoesNotCountOfItsOwnNetwork()
    {
        (string, AttachmentState)[] known = [("used", State), ("unused", State), ("other", State with { NetworkName = "another" }), ("net1", State with { InterfaceName = "net1" })];
        var config = new PluginConfig
        {
            Name = "ovn-primary",
            ValidAttachments = [new() { ContainerId = "used", InterfaceName = "eth0" }, new() { ContainerId = "net1", InterfaceName = "eth0" }],
        };
        Assert.Equal(["unused", "net1"], CniEndpoint.Unused(config, known));
        Assert.Equal(["used", "unused", "net1"], CniEndpoint.Unused(config with { ValidAttachments = [] }, known));
        Assert.Empty(CniEndpoint.Unused(config with { ValidAttachments = null }, known));
    }

    [Fact]
    public void BothAddressesAreGivenAndChecked()
    {
        var network = PodNetwork.Of([Cidr.Parse("10.233.64.3/24"), Cidr.Parse("fd00:10:233:1::3/64")], Sample.DualNetwork);
        Assert.Equal(
            [
                "link set lo up",
                "addr replace 10.233.64.3/24 dev eth0", "addr replace fd00:10:233:1::3/64 dev eth0 nodad",
                "route replace default via 10.233.64.1 dev eth0", "route replace default via fd00:10:233:1::1 dev eth0",
            ],
            Lines(network).Take(5));
        Assert.Contains("route replace fd00:10:96::/112 via fd00:10:233:1::1 dev eth0", Lines(network));
        var link = new Link("eth0", "0a:58:0a:e9:40:03", [Cidr.Parse("10.233.64.3/24")]);
        Assert.Contains("fd00:10:233:1::3/64", SandboxCheck.Missing(State with { Addresses = network.Write() }, "eth0", link), StringComparison.Ordinal);
    }

    [Fact]
    public void AVfBecomesThePodsInterfaceAtOnce() => Assert.Equal(
        "link set ens1f0v2 name eth0 address 0a:58:0a:e9:40:03 mtu 8900 up netns /run/netns/x",
        PodInterface.Of("ens1f0v2", "eth0", Network, 8900, new NetworkNamespace(() => "/run/netns/x")).ToString());

    private static IEnumerable<string> Lines(PodNetwork network) => PodInterface.Surroundings("eth0", network).Select(c => c.ToString());
}
