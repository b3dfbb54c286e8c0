using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Tests.Annotations.NodeAnnotationsTests;

namespace Dpf.Ovn.Tests.Annotations;

public sealed class PodNetworkTests
{
    private const string Text =
        """
        {"default":{"ip_addresses":["10.233.64.5/24"],"mac_address":"0a:58:0a:e9:40:05","gateway_ips":["10.233.64.1"],"routes":[{"dest":"10.233.64.0/18","nextHop":"10.233.64.1"},{"dest":"10.233.0.0/18","nextHop":"10.233.64.1"},{"dest":"169.254.0.5/32","nextHop":"10.233.64.1"},{"dest":"100.64.0.0/16","nextHop":"10.233.64.1"}],"ip_address":"10.233.64.5/24","gateway_ip":"10.233.64.1","role":"primary"}}
        """;

    [Fact]
    public void APodsNetworkIsWrittenAsOthersReadIt() =>
        Assert.Equal(Text, PodNetwork.Of([Cidr.Parse("10.233.64.5/24")], Sample.Network).Write());

    [Fact]
    public void AndReadBack()
    {
        var written = PodNetwork.Of([Cidr.Parse("10.233.64.5/24")], Sample.Network);
        var read = PodNetwork.Read(One(PodNetwork.Annotation, Text))!;
        Assert.Equal(written with { Addresses = read.Addresses, Routes = read.Routes }, read);
        Assert.Equal(written.Addresses, read.Addresses);
        Assert.Equal(written.Routes, read.Routes);
    }

    [Fact]
    public void APodOfBothFamiliesNamesNoSingleAddress()
    {
        const string text =
            """
            {"default":{"ip_addresses":["10.233.64.5/24","fd00:10:233:1::5/64"],"mac_address":"0a:58:0a:e9:40:05","gateway_ips":["10.233.64.1","fd00:10:233:1::1"],"routes":[{"dest":"10.233.64.0/18","nextHop":"10.233.64.1"},{"dest":"10.233.0.0/18","nextHop":"10.233.64.1"},{"dest":"169.254.0.5/32","nextHop":"10.233.64.1"},{"dest":"100.64.0.0/16","nextHop":"10.233.64.1"},{"dest":"fd00:10:233::/48","nextHop":"fd00:10:233:1::1"},{"dest":"fd00:10:96::/112","nextHop":"fd00:10:233:1::1"},{"dest":"fd69::5/128","nextHop":"fd00:10:233:1::1"},{"dest":"fd98::/64","nextHop":"fd00:10:233:1::1"}],"role":"primary"}}
            """;
        Assert.Equal(text, PodNetwork.Of([Cidr.Parse("10.233.64.5/24"), Cidr.Parse("fd00:10:233:1::5/64")], Sample.DualNetwork).Write());
        Assert.Equal(text, PodNetwork.Read(One(PodNetwork.Annotation, text))!.Write());
    }

    [Fact]
    public void BrokenRoutesArePassedOver()
    {
        var network = PodNetwork.Read(One(
            PodNetwork.Annotation,
            """{"default":{"ip_addresses":["10.0.0.3/24"],"mac_address":"0a:58:0a:00:00:03","routes":["x",7,null,{"dest":7},{"dest":"10.0.0.0/8"}]}}"""))!;
        Assert.Equal([Cidr.Parse("10.0.0.0/8")], network.Routes);
        Assert.Equal(IpAddress.Parse("10.0.0.1"), Assert.Single(network.Addresses).Gateway);
    }

    /// <summary>Whoever makes a pod may write its annotations, and the address goes into commands that root runs.</summary>
    [Theory]
    [InlineData("0a:58:0a:00:00:03\\nnetns exec x reboot")]
    [InlineData("0a:58:0a:00:00:03 mtu 9000")]
    [InlineData("0a:58:0a:00:00")]
    [InlineData("0a:58:0a:00:00:0g")]
    [InlineData("0a58.0a00.0003")]
    [InlineData("")]
    public void AMacAddressIsNothingElse(string mac) => Assert.Null(PodNetwork.Read(One(
        PodNetwork.Annotation, $$$"""{"default":{"ip_addresses":["10.0.0.3/24"],"mac_address":"{{{mac}}}"}}""")));

    [Fact]
    public void TheHostAsksItsDpuInWordsThatOthersUnderstand()
    {
        var details = new ConnectionDetails("0", "3", "5a5d", "ens1f0v3");
        const string text = """{"default":{"pfId":"0","vfId":"3","sandboxId":"5a5d","vfNetdevName":"ens1f0v3"}}""";
        Assert.Equal(text, details.Write());
        Assert.Equal(details, ConnectionDetails.Read(One(ConnectionDetails.Annotation, text)));
        Assert.DoesNotContain("vfNetdevName", (details with { VfNetdevName = null }).Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void AndTheDpuAnswers()
    {
        const string text = """{"default":{"Status":"Ready","Reason":"","SandboxId":"5a5d"}}""";
        Assert.Equal(text, new ConnectionStatus("Ready", null, "5a5d").Write());
        Assert.Equal(new ConnectionStatus("Ready", "", "5a5d"), ConnectionStatus.Read(One(ConnectionStatus.Annotation, text)));
        Assert.Equal(
            new ConnectionStatus("Ready", null, null),
            ConnectionStatus.Read(One(ConnectionStatus.Annotation, """{"default":{"Status":"Ready"}}""")));
    }
}
