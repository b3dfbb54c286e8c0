using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Zone;

public sealed class PodAddressesTests
{
    [Theory]
    [InlineData("10.0.0.0/24", 252)]
    [InlineData("10.0.0.64/29", 4)]
    [InlineData("10.0.0.0/30", 0)]
    [InlineData("10.0.0.0/31", 0)]
    [InlineData("10.0.0.0/32", 0)]
    public void AllAddressesButTheNodesOwnAndTheBroadcastAreHandedOut(string text, int count)
    {
        var subnet = Cidr.Parse(text);
        var used = new HashSet<IpAddress>();
        var addresses = new PodAddresses();
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(subnet.InterfaceAt((uint)i + 3), addresses.Next(subnet, used));
        }

        Assert.Null(addresses.Next(subnet, used));
    }

    [Fact]
    public void AnIpv6SubnetIsUsedFromItsBeginning()
    {
        var used = new HashSet<IpAddress> { IpAddress.Parse("fd00::4") };
        var addresses = new PodAddresses();
        Assert.Equal(["fd00::3/64", "fd00::5/64"], Enumerable.Range(0, 2).Select(_ => $"{addresses.Next(Cidr.Parse("fd00::/64"), used)}"));
    }

    [Fact]
    public void AnAddressThatWasReleasedComesLast()
    {
        var subnet = Cidr.Parse("10.0.0.0/29");
        var used = new HashSet<IpAddress> { subnet.At(4) };
        var addresses = new PodAddresses();
        Assert.Equal("10.0.0.3/29", addresses.Next(subnet, used).ToString());
        used.Clear();
        Assert.Equal(
            ["10.0.0.4/29", "10.0.0.5/29", "10.0.0.6/29", "10.0.0.3/29"], Enumerable.Range(0, 4).Select(_ => $"{addresses.Next(subnet, used)}"));
    }
}
