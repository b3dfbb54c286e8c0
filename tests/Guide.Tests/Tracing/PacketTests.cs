using Dpf.Guide.Tracing;

namespace Dpf.Guide.Tests.Tracing;

public sealed class PacketTests
{
    private static readonly Packet Packet = new("0a:00:00:00:00:04", "0a:00:00:00:00:01", "10.1.1.4", "10.9.0.10", "tcp", 80);
    private static readonly Packet Six = Packet with { Source = "fd00:1::4", Destination = "fd00:9::a" };

    [Fact]
    public void APacketIsWrittenAsTheToolsTakeIt()
    {
        Assert.Equal(
            "inport == \"p\" && eth.src == 0a:00:00:00:00:04 && eth.dst == 0a:00:00:00:00:01 && ip4.src == 10.1.1.4 && ip4.dst == 10.9.0.10 && ip.ttl == 64 && tcp && tcp.src == 40000 && tcp.dst == 80",
            Packet.Microflow("p"));
        Assert.Equal("in_port=p,tcp,dl_src=0a:00:00:00:00:04,dl_dst=0a:00:00:00:00:01,nw_src=10.1.1.4,nw_dst=10.9.0.10,nw_ttl=64,tcp_dst=80,tcp_src=40000", Packet.Flow("p"));
        Assert.EndsWith("icmp4 && icmp4.type == 8 && icmp4.code == 0", (Packet with { Protocol = "icmp", Port = null }).Microflow("p"), StringComparison.Ordinal);
    }

    [Fact]
    public void AnIPv6PacketHasWordsOfItsOwn()
    {
        Assert.Contains("ip6.src == fd00:1::4 && ip6.dst == fd00:9::a && ip.ttl == 64 && tcp &&", Six.Microflow("p"), StringComparison.Ordinal);
        Assert.Equal("in_port=p,tcp6,dl_src=0a:00:00:00:00:04,dl_dst=0a:00:00:00:00:01,ipv6_src=fd00:1::4,ipv6_dst=fd00:9::a,nw_ttl=64,tcp_dst=80,tcp_src=40000", Six.Flow("p"));
        Assert.EndsWith("icmp6 && icmp6.type == 128 && icmp6.code == 0", (Six with { Protocol = "icmp", Port = null }).Microflow("p"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.9.0.10", 80, "10.9.0.10:80")]
    [InlineData("fd00:9::a", 80, "[fd00:9::a]:80")]
    [InlineData("fd00:9::a", null, "fd00:9::a")]
    public void WhereItGoesIsWrittenWithItsPort(string destination, int? port, string expected) =>
        Assert.Equal(expected, (Packet with { Destination = destination, Port = port }).To);

    [Fact]
    public void AQuestionForAnAddressGoesInThePacketsPlace() => Assert.Equal(
        "in_port=p,arp,dl_src=0a:00:00:00:00:04,dl_dst=ff:ff:ff:ff:ff:ff", (Packet with { EthernetDestination = Packet.Broadcast }).Flow("p"));
}
