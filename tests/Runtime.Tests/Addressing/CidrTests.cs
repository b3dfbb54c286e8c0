using Dpf.Runtime.Addressing;
using FsCheck.Xunit;

namespace Dpf.Runtime.Tests.Addressing;

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
}
