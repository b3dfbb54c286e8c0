using Dpf.Ovn.Addressing;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.Addressing;

public sealed class CidrTests
{
    [Property]
    public void AnAddressIsReadAsItIsWritten(uint value, ulong upper, ulong lower, byte zeros)
    {
        var four = new IpAddress(IpFamily.V4, value);
        Assert.Equal(four, IpAddress.Parse(four.ToString()));

        // With many zeros, which its text leaves out.
        var six = new IpAddress(IpFamily.V6, new UInt128(upper, lower) & ~(UInt128.MaxValue >> (zeros % 128) & UInt128.MaxValue << (zeros / 2)));
        if (six.Value > new UInt128(0, 0xffff_ffff_ffff))
        {
            Assert.Equal(six, IpAddress.Parse(six.ToString()));
            Assert.Equal(six, IpAddress.Read(six.Bytes));
        }
    }

    [Theory]
    [InlineData("FD69:0::0:1", "fd69::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("fe80::", "fe80::")]
    [InlineData("fd00::5efe:10.1.2.3", "fd00::5efe:a01:203")]
    public void AnIpv6AddressHasOneText(string text, string one) => Assert.Equal(one, IpAddress.Parse(text).ToString());

    [Theory]
    [InlineData("10")]
    [InlineData("10.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("fd69:::1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[fd69::1]")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("")]
    [InlineData(null)]
    public void NothingButFourDecimalsOrAnIpv6TextIsAnAddress(string? text) => Assert.False(IpAddress.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("10.0.0.0/8/24")]
    [InlineData("10/8")]
    [InlineData("fd00::/129")]
    public void WhatIsNoNetworkIsNamedInTheError(string text) =>
        Assert.Contains(text, Assert.Throws<FormatException>(() => Cidr.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void AnInterfacesAddressKeepsItsHostBits()
    {
        var cidr = Cidr.Parse("10.0.123.21/24");
        Assert.Equal("10.0.123.21/24", cidr.ToString());
        Assert.Equal("10.0.123.0/24", cidr.Network.ToString());
        Assert.Equal("10.0.123.1/24", cidr.InterfaceAt(1).ToString());
        Assert.True(Cidr.Parse("0.0.0.0/0").Contains(cidr.Address));
        Assert.False(cidr.Contains(IpAddress.Parse("10.0.124.21")));
    }

    [Fact]
    public void FamiliesAreApartAndIpv4ComesFirst()
    {
        Assert.False(Cidr.Parse("::/0").Contains(IpAddress.Parse("10.0.0.1")));
        Assert.True(Cidr.Parse("fd00:10:233::/48").Contains(IpAddress.Parse("fd00:10:233:1::5")));
        Assert.Equal("fd00:10:233:1:ffff:ffff:ffff:ffff", Cidr.Parse("fd00:10:233:1::/64").Last.ToString());
        Assert.True(IpAddress.Parse("255.255.255.255") < IpAddress.Parse("::1"));
        Assert.Equal("10.0.0.1:80 [fd00::1]:80", $"{IpAddress.Parse("10.0.0.1").WithPort(80)} {IpAddress.Parse("fd00::1").WithPort(80)}");
    }

    /// <summary>For IPv6 the beginning of its text's SHA-256: <c>printf fd69::4 | sha256sum</c>.</summary>
    [Theory]
    [InlineData("100.64.0.1", "0a:58:64:40:00:01")]
    [InlineData("fd69::4", "0a:58:1b:ac:71:41")]
    public void AMacFollowsFromTheAddress(string address, string mac) => Assert.Equal(mac, IpAddress.Parse(address).Mac);

    [Theory]
    [InlineData("")]
    [InlineData("10.233.64.0")]
    [InlineData("10.233.64.0/18/18")]
    [InlineData("10.233.64.0/18/33")]
    [InlineData("10.233.64.0/18/x")]
    [InlineData("10.233.64.0/18/24/1")]
    [InlineData("fd00:10:233::/48/80")]
    [InlineData("fd00:10:233::/64")]
    public void APodNetworkThatMakesNoSenseIsRefused(string text) => Assert.Throws<FormatException>(() => SubnetRange.ParseList(text));

    [Fact]
    public void PodNetworksAreAListWhoseSubnetsAre24ByDefault() => Assert.Equal(
        [new SubnetRange(Cidr.Parse("10.0.0.0/16"), 24), new SubnetRange(Cidr.Parse("10.2.0.0/16"), 26)],
        SubnetRange.ParseList("10.0.0.0/16, 10.2.3.4/16/26"));

    [Fact]
    public void ADualNetworkHasTheOriginalsOtherNetworksInBothFamilies()
    {
        var network = ClusterNetwork.Parse("fd00:10:233::/48/64,10.233.64.0/18/24", "10.233.0.0/18,fd00:10:96::/112");
        Assert.True(network.IsDual);
        Assert.Equal(["10.233.64.0/18", "fd00:10:233::/48"], network.Pods.Select(p => p.Network.ToString()));
        Assert.Equal(["100.64.0.2/16", "fd98::2/64"], network.JoinAddresses(2).Select(a => a.ToString()));
        Assert.Equal(["100.88.0.2/16", "fd97::2/64"], network.TransitAddresses(2).Select(a => a.ToString()));
        Assert.Equal(["169.254.0.5", "fd69::5"], network.Families.Select(f => f.ServiceHairpin.ToString()));
    }

    [Theory]
    [InlineData("fd00:10:233::/48", "fd00:10:96::/112", "IPv6 alone")]
    [InlineData("10.233.64.0/18", "10.233.0.0/18,fd00:10:96::/112", "no range of that family")]
    public void FamiliesThatDoNotGoTogetherAreRefused(string pods, string services, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => ClusterNetwork.Parse(pods, services)).Message, StringComparison.Ordinal);
}
