using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Addressing;

public sealed class ClusterNetworkTests
{
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
