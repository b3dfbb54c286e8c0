using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.Zone.Policies;

/// <summary>Sets of addresses, ports and traffic against sets of numbers that one can count.</summary>
public sealed class TrafficTests
{
    [Property]
    public void RangesBehaveLikeTheNumbersInThem((byte, byte)[] one, (byte, byte)[] other)
    {
        var (a, b) = (Intervals<byte>.Of(one), Intervals<byte>.Of(other));
        var (x, y) = (Numbers(one), Numbers(other));
        Assert.Equal(x.Union(y).Order(), Numbers(a.Union(b).Ranges).Order());
        Assert.Equal(x.Intersect(y).Order(), Numbers(a.Intersect(b).Ranges).Order());
        Assert.Equal(x.Except(y).Order(), Numbers(a.Except(b).Ranges).Order());
        Assert.All(Enumerable.Range(0, 256), n => Assert.Equal(x.Contains(n), a.Contains((byte)n)));
        Assert.All(a.Ranges.Zip(a.Ranges.Skip(1)), pair => Assert.True(pair.First.Last + 1 < pair.Second.First));
    }

    [Property]
    public void NetworksMakeUpExactlyTheSet(uint[] starts, ulong[] upper, byte[] lengths)
    {
        var set = IpSet.Of(
        [
            .. starts.Zip(lengths, (s, l) => new Cidr(new IpAddress(IpFamily.V4, s), l % 33)),
            .. upper.Zip(lengths, (s, l) => new Cidr(new IpAddress(IpFamily.V6, new UInt128(s, s)), l % 129)),
        ]);
        Assert.Equal(set, IpSet.Of(set.Networks));
        Assert.All(set.Networks, n => Assert.Equal(n.Network, n));
    }

    [Fact]
    public void ANetworkWithoutAPartOfItIsItsOtherParts()
    {
        var set = IpSet.Of(Cidr.Parse("192.0.2.7/24")).Except(IpSet.Of(Cidr.Parse("192.0.2.64/26"), Cidr.Parse("192.0.2.5/32")));
        Assert.Equal(
            ["192.0.2.0/30", "192.0.2.4", "192.0.2.6/31", "192.0.2.8/29", "192.0.2.16/28", "192.0.2.32/27", "192.0.2.128/25"], set.Texts(IpFamily.V4));
        Assert.Empty(set.Texts(IpFamily.V6));
        Assert.Equal("0.0.0.0/0, ::/0", IpSet.All.ToString());
        var six = IpSet.Of(Cidr.Parse("2001:db8::/62")).Except(IpSet.Of(Cidr.Parse("2001:db8:0:1::/64")));
        Assert.Equal(["2001:db8::/64", "2001:db8:0:2::/63"], six.Texts(IpFamily.V6));
    }

    [Property]
    public void WhatIsTakenFromTrafficIsNotInItAndTheRestStays((byte Low, byte High, byte Port)[] one, (byte Low, byte High, byte Port)[] other)
    {
        var (a, b) = (Of(one), Of(other));
        var left = a.Except(b);
        for (var peer = 0u; peer < 32; peer++)
        {
            for (var port = 0; port < 8; port++)
            {
                var probe = PortSet.Of("TCP", port, port);
                Assert.Equal(a.Contains(new IpAddress(IpFamily.V4, peer), probe) && !b.Contains(new IpAddress(IpFamily.V4, peer), probe), left.Contains(new IpAddress(IpFamily.V4, peer), probe));
            }
        }
    }

    [Fact]
    public void MatchesSayWhatIsMeant()
    {
        Assert.Equal("", PortSet.All.Match);
        Assert.Equal("tcp", PortSet.Of(null).Match);
        Assert.Equal("udp && udp.dst==53", PortSet.Of("UDP", 53, 53).Match);
        Assert.Equal("tcp && 1000<=tcp.dst<=2000", PortSet.Of("TCP", 1000, 2000).Match);
        Assert.Equal(
            "((tcp && (tcp.dst=={80,443} || 1000<=tcp.dst<=2000)) || sctp)",
            PortSet.Union([PortSet.Of("TCP", 443, 443), PortSet.Of("TCP", 80, 80), PortSet.Of("TCP", 1000, 2000), PortSet.Of("SCTP")]).Match);
        Assert.True(PortSet.Of("TCP", 70000, 70000).IsEmpty);
        Assert.True(PortSet.Of("ICMP", 1, 1).IsEmpty);
    }

    private static HashSet<int> Numbers(IEnumerable<(byte First, byte Last)> ranges) =>
        [.. ranges.Where(r => r.First <= r.Last).SelectMany(r => Enumerable.Range(r.First, r.Last - r.First + 1))];

    private static Traffic Of((byte Low, byte High, byte Port)[] parts) => parts.Select(p => Traffic.Of(
            new IpSet(Intervals<UInt128>.Of(((UInt128)(p.Low % 32), (UInt128)(p.High % 32))), Intervals<UInt128>.None), PortSet.Of("TCP", p.Port % 8, 4 + (p.Port % 4))))
        .Aggregate(Traffic.None, (all, next) => all.Union(next));
}
