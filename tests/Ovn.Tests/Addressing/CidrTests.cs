using Dpf.Ovn.Addressing;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.Addressing;

public sealed class CidrTests
{
    [Property]
    public void AnAddressIsReadAsItIsWritten(uint value) => Assert.Equal(new Ipv4(value), Ipv4.Parse(new Ipv4(value).ToString()));

    [Theory]
    [InlineData("10")]
    [InlineData("10.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("fd69::1")]
    [InlineData("")]
    [InlineData(null)]
    public void NothingButFourDecimalsIsAnAddress(string? text) => Assert.False(Ipv4.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("10.0.0.0/8/24")]
    [InlineData("10/8")]
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
        Assert.False(cidr.Contains(Ipv4.Parse("10.0.124.21")));
    }

    [Fact]
    public void AMacFollowsFromTheAddress() => Assert.Equal("0a:58:64:40:00:01", Ipv4.Parse("100.64.0.1").Mac);

    [Theory]
    [InlineData("")]
    [InlineData("10.233.64.0")]
    [InlineData("10.233.64.0/18/18")]
    [InlineData("10.233.64.0/18/33")]
    [InlineData("10.233.64.0/18/x")]
    [InlineData("10.233.64.0/18/24/1")]
    public void APodNetworkThatMakesNoSenseIsRefused(string text) => Assert.Throws<FormatException>(() => SubnetRange.ParseList(text));

    [Fact]
    public void PodNetworksAreAListWhoseSubnetsAre24ByDefault() => Assert.Equal(
        [new SubnetRange(Cidr.Parse("10.0.0.0/16"), 24), new SubnetRange(Cidr.Parse("10.2.0.0/16"), 26)],
        SubnetRange.ParseList("10.0.0.0/16, 10.2.3.4/16/26"));
}
