using Dpf.Chaining.Ipam;
using FsCheck.Xunit;
using k8s;

namespace Dpf.Chaining.Tests.Ipam;

/// <summary>Pools divided among nodes that come and go: what holds whatever happened before.</summary>
public sealed class PoolDivisionTests
{
    private static readonly IpPoolSpec Pool = new() { Subnet = "10.0.0.0/26", PerNodeBlockSize = 8, Gateway = "10.0.0.1" };

    [Property]
    public void Blocks_overlap_nowhere_and_nobody_loses_its_own_while_it_stays(byte[][] histories)
    {
        IReadOnlyList<PoolAllocation> present = [];
        foreach (var nodes in (histories ?? []).Select(Names))
        {
            var next = PoolDivision.Blocks(Pool, present, nodes);
            Sound(next, nodes, a => new AddressRange(AddressRange.Number(a.StartIp!), AddressRange.Number(a.EndIp!)), "10.0.0.0/26", present);
            Assert.All(next, a => Assert.Equal(8u, AddressRange.Number(a.EndIp!) - AddressRange.Number(a.StartIp!) + 1));

            // Seven blocks of eight fit between the network's address and the broadcast's.
            Assert.Equal(Math.Min(nodes.Count, 7), next.Count);
            present = next;
        }
    }

    [Property]
    public void Networks_overlap_nowhere_and_those_given_by_hand_are_nobody_elses(byte[][] histories, byte fixedNode)
    {
        var pool = new CidrPoolSpec
        {
            Cidr = "10.1.0.0/24",
            PerNodeNetworkPrefix = 28,
            GatewayIndex = 1,
            StaticAllocations = [new() { NodeName = Name(fixedNode), Prefix = "10.1.0.32/28" }, new() { Prefix = "10.1.0.0/27" }],
        };
        IReadOnlyList<PoolAllocation> present = [];
        foreach (var nodes in (histories ?? []).Select(Names))
        {
            var next = PoolDivision.Networks(pool, present, nodes);
            Sound(next, nodes, a => AddressRange.Network(a.Prefix!), "10.1.0.0/24", present);
            Assert.All(next, a => Assert.Equal(AddressRange.Text(AddressRange.Network(a.Prefix!).First + 1), a.Gateway));
            Assert.All(next, a => Assert.Equal(a.Prefix == "10.1.0.32/28", a.NodeName == Name(fixedNode)));
            Assert.DoesNotContain(next, a => AddressRange.Network("10.1.0.0/27").Overlaps(AddressRange.Network(a.Prefix!)));
            present = next;
        }
    }

    [Fact]
    public void A_pool_of_another_size_is_divided_anew()
    {
        var small = PoolDivision.Blocks(Pool, [], ["a", "b"]);
        var large = PoolDivision.Blocks(new() { Subnet = Pool.Subnet, PerNodeBlockSize = 16, Gateway = Pool.Gateway }, small, ["a", "b"]);
        Assert.Equal(["10.0.0.1-10.0.0.16", "10.0.0.17-10.0.0.32"], large.Select(a => $"{a.StartIp}-{a.EndIp}"));
    }

    [Fact]
    public void A_pool_that_names_its_network_by_a_hosts_address_is_divided_as_that_network()
    {
        var blocks = PoolDivision.Blocks(new() { Subnet = "10.0.0.5/26", PerNodeBlockSize = 8, Gateway = "10.0.0.1" }, [], ["a"]);
        Assert.Equal("10.0.0.1-10.0.0.8", $"{blocks[0].StartIp}-{blocks[0].EndIp}");
        var networks = PoolDivision.Networks(
            new() { Cidr = "10.0.120.1/22", PerNodeNetworkPrefix = 29, StaticAllocations = [new() { NodeName = "b", Prefix = "10.0.120.3/29" }] }, [], ["a"]);
        Assert.Equal("10.0.120.8/29", Assert.Single(networks).Prefix);
        Assert.Equal(22, AddressRange.PrefixLength("10.0.120.1/22"));
        Assert.Throws<FormatException>(() => AddressRange.Network("fd00::/64"));
    }

    // A server drops what the kind's schema does not have, and the division would be written again and again.
    [Fact]
    public void A_block_has_the_fields_that_its_kind_has()
    {
        var block = Assert.Single(PoolDivision.Blocks(Pool, [], ["a"]));
        Assert.Equal("""{"nodeName":"a","startIP":"10.0.0.1","endIP":"10.0.0.8"}""", KubernetesJson.Serialize(block));
    }

    private static void Sound(
        IReadOnlyList<PoolAllocation> next, IReadOnlyList<string> nodes, Func<PoolAllocation, AddressRange> range, string whole,
        IReadOnlyList<PoolAllocation> before)
    {
        Assert.Equal(next.Count, next.Select(a => a.NodeName).Distinct().Count());
        Assert.All(next, a => Assert.Contains(a.NodeName, nodes));
        Assert.All(next, a => Assert.True(AddressRange.Network(whole).Contains(range(a))));
        Assert.All(next, a => Assert.DoesNotContain(next, b => a.NodeName != b.NodeName && range(a).Overlaps(range(b))));
        var kept = before.Where(b => nodes.Contains(b.NodeName)).ToList();
        Assert.All(kept, b => Assert.Equal(range(b), range(Assert.Single(next, a => a.NodeName == b.NodeName))));
    }

    private static List<string> Names(byte[]? nodes) => [.. (nodes ?? []).Select(Name).Distinct()];

    private static string Name(byte node) => $"dpu{node % 12}";
}
