using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Annotations;

public sealed class NodeAnnotationsTests
{
    [Theory]
    [InlineData("""{"default":["10.244.0.0/24"]}""")]
    [InlineData("""{"default":"10.244.0.0/24"}""")]
    [InlineData("""{"default":["10.244.0.0/24","10.244.1.0/24"]}""")]
    public void ASubnetIsReadInAllItsForms(string text) =>
        Assert.Equal([Cidr.Parse("10.244.0.0/24")], NodeAnnotations.SubnetsOf(One(NodeAnnotations.Subnets, text)));

    [Fact]
    public void SubnetsOfBothFamiliesAreReadIpv4First() => Assert.Equal(
        [Cidr.Parse("10.244.0.0/24"), Cidr.Parse("fd00::/64")],
        NodeAnnotations.SubnetsOf(One(NodeAnnotations.Subnets, """{"default":["fd00::/64","10.244.0.0/24"]}""")));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"default":null}""")]
    [InlineData("""{"default":7}""")]
    [InlineData("""{"default":[7,{},null]}""")]
    [InlineData("""{"default":{"ipv4":7}}""")]
    [InlineData("""{"default":"a","default":"b"}""")]
    [InlineData("""{"default":{"ip_addresses":[1],"mac_address":2}}""")]
    [InlineData("""{"default":{"ip_addresses":["10.0.0.3/24"],"mac_address":"0a:58:0a:00:00:03","routes":"x"},"default":1}""")]
    [InlineData("""{"ipv4":["10.0.0.1/24"],"default":{"mode":["shared"]}}""")]
    public void WhatIsBrokenIsAsGoodAsMissing(string text)
    {
        Assert.Empty(NodeAnnotations.SubnetsOf(One(NodeAnnotations.Subnets, text)));
        Assert.Null(NodeAnnotations.NodeId(One(NodeAnnotations.Id, text)));
        Assert.Empty(NodeAnnotations.FamilyAddresses(One(NodeAnnotations.Transit, text), NodeAnnotations.Transit));
        Assert.Null(NodeAnnotations.Encap(One(NodeAnnotations.EncapIps, text)));
        Assert.Null(NodeAnnotations.Encap(One(NodeAnnotations.EncapIp, text)));
        Assert.Empty(NodeAnnotations.HostAddresses(One(NodeAnnotations.HostCidrs, text)));
        Assert.Null(NodeAnnotations.ManagementMac(One(NodeAnnotations.ManagementMacs, text)));
        Assert.Null(GatewayConfig.Read(One(NodeAnnotations.Gateway, text)));
        Assert.Null(PodNetwork.Read(One(PodNetwork.Annotation, text)));
        Assert.Null(ConnectionDetails.Read(One(ConnectionDetails.Annotation, text)));
        Assert.Null(ConnectionStatus.Read(One(ConnectionStatus.Annotation, text)));
    }

    [Fact]
    public void ATunnelEndpointIsReadUnderEitherName()
    {
        Assert.Equal(IpAddress.Parse("10.0.120.8"), NodeAnnotations.Encap(One(NodeAnnotations.EncapIp, "10.0.120.8")));
        Assert.Equal(IpAddress.Parse("10.0.120.8"), NodeAnnotations.Encap(One(NodeAnnotations.EncapIps, """["10.0.120.8"]""")));
    }

    [Fact]
    public void WhatIsNoAddressAmongTheHostsIsPassedOver() => Assert.Equal(
        [Cidr.Parse("10.0.110.21/24"), Cidr.Parse("fd00::1/64")],
        NodeAnnotations.HostAddresses(One(NodeAnnotations.HostCidrs, """["10.0.110.21/24",7,"fd00::1/64","10.0.0.1"]""")));

    [Fact]
    public void AGatewayIsWrittenAsOthersReadIt()
    {
        var gateway = new GatewayConfig(
            "br-ovn", "br-ovn_worker1", "0c:42:a1:00:00:01", [Cidr.Parse("10.0.120.9/29")], [IpAddress.Parse("10.0.120.11")]);

        Assert.Equal(
            """
            {"default":{"mode":"shared","bridge-id":"br-ovn","interface-id":"br-ovn_worker1","mac-address":"0c:42:a1:00:00:01","ip-addresses":["10.0.120.9/29"],"ip-address":"10.0.120.9/29","next-hops":["10.0.120.11"],"next-hop":"10.0.120.11","node-port-enable":"true","vlan-id":"0"}}
            """,
            gateway.Write());
        var read = GatewayConfig.Read(One(NodeAnnotations.Gateway, gateway.Write()))!;
        Assert.Equal(gateway with { Addresses = read.Addresses, NextHops = read.NextHops }, read);
        Assert.Equal(gateway.Addresses, read.Addresses);
        Assert.Equal(gateway.NextHops, read.NextHops);
    }

    [Fact]
    public void AGatewayOfBothFamiliesNamesNoSingleAddress()
    {
        var gateway = new GatewayConfig(
            "br-ovn", "e", "0c:42:a1:00:00:01", [Cidr.Parse("10.0.120.9/29"), Cidr.Parse("fd00::9/64")],
            [IpAddress.Parse("10.0.120.11"), IpAddress.Parse("fe80::1")]);
        Assert.Contains(
            """ "ip-addresses":["10.0.120.9/29","fd00::9/64"],"next-hops":["10.0.120.11","fe80::1"],"node-port-enable" """.Trim(), gateway.Write(), StringComparison.Ordinal);
        var read = GatewayConfig.Read(One(NodeAnnotations.Gateway, gateway.Write()))!;
        Assert.Equal((IpAddress.Parse("10.0.120.9"), IpAddress.Parse("fd00::9")), (read.Of(IpFamily.V4), read.Of(IpFamily.V6)));
        Assert.Equal(
            """{"ipv4":"10.0.120.9/29","ipv6":"fd00::9/64"}""", NodeAnnotations.Families(gateway.Addresses).ToJsonString());
    }

    [Fact]
    public void AGatewayThatSaysOneOfEachIsReadTooAndADisabledOneIsNone()
    {
        var single = GatewayConfig.Read(One(
            NodeAnnotations.Gateway,
            """{"default":{"mode":"shared","interface-id":"e","mac-address":"0c:42:a1:00:00:01","ip-address":"10.0.0.9/29","next-hop":"10.0.0.1"}}"""))!;
        Assert.Equal((Cidr.Parse("10.0.0.9/29"), IpAddress.Parse("10.0.0.1")), (single.Address, Assert.Single(single.NextHops)));
        Assert.Null(GatewayConfig.Read(One(NodeAnnotations.Gateway, """{"default":{"mode":"disabled"}}""")));
    }

    [Fact]
    public void ANextHopThatIsNamedTwiceIsOne() => Assert.Single(GatewayConfig.Read(One(
        NodeAnnotations.Gateway,
        """{"default":{"mode":"shared","mac-address":"0c:42:a1:00:00:01","ip-address":"10.0.0.9/29","next-hops":["10.0.0.1","10.0.0.1"]}}"""))!
        .NextHops);

    internal static Dictionary<string, string> One(string key, string value) => new(StringComparer.Ordinal) { [key] = value };
}
