using Dpf.Ovn.Addressing;
using Dpf.Ovn.ClusterManager;
using Dpf.Runtime.Addressing;
using FsCheck;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.ClusterManager;

public sealed class AllocatorTests
{
    /// <summary>Nodes come and go: at every moment those that are there have subnets that do not overlap.</summary>
    [Property]
    public void SubnetsNeverOverlapAndLieInTheRange(NonEmptyArray<(bool Comes, byte Node)> events)
    {
        var range = SubnetRange.ParseList("10.0.0.0/22/26")[0];
        var allocator = new SubnetAllocator([range]);
        var held = new Dictionary<string, Cidr>(StringComparer.Ordinal);
        foreach (var (comes, number) in events.Get)
        {
            var node = $"n{number % 24}";
            if (!comes)
            {
                allocator.Release(node);
                held.Remove(node);
            }
            else if (allocator.Allocate(node) is { } subnet)
            {
                Assert.Equal(subnet, held.GetValueOrDefault(node, subnet));
                held[node] = subnet;
            }
            else
            {
                Assert.Equal(16, held.Count);
            }

            Assert.Equal(held.Keys.Order(StringComparer.Ordinal), allocator.Owners.Order(StringComparer.Ordinal));
            Assert.All(held.Values, s => Assert.True(range.Network.Contains(s.Address) && s.Length == 26 && s.Network == s));
            Assert.Equal(held.Count, held.Values.Distinct().Count());
        }
    }

    [Theory]
    [InlineData("fd00:10:233::/48", "fd00:10:233:1::/64")]
    [InlineData("fd00:10:233::/60", "fd00:10:233::/64")]
    public void AnIpv6SubnetThatReadsLikeItsRangeIsPassedOverWhereThereAreMany(string range, string first) =>
        Assert.Equal(Cidr.Parse(first), new SubnetAllocator(SubnetRange.ParseList(range)).Allocate("a"));

    [Property]
    public void NumbersAreNeverSharedAndAreNeitherZeroNorOne(NonEmptyArray<(bool Comes, byte Node)> events)
    {
        var allocator = new NodeIdAllocator();
        var held = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (comes, number) in events.Get)
        {
            if (comes)
            {
                held[$"n{number}"] = allocator.Allocate($"n{number}")!.Value;
            }
            else
            {
                allocator.Release($"n{number}");
                held.Remove($"n{number}");
            }

            Assert.Equal(held.Count, held.Values.Distinct().Count());
            Assert.All(held.Values, id => Assert.InRange(id, 2, 5000));
        }
    }

    [Fact]
    public void AReleasedSubnetIsUsedAgainButNotAtOnce()
    {
        var allocator = new SubnetAllocator(SubnetRange.ParseList("10.0.0.0/24/25,10.1.0.0/24/25"));
        Assert.Equal(Cidr.Parse("10.0.0.0/25"), allocator.Allocate("a"));
        allocator.Release("a");
        Assert.Equal(Cidr.Parse("10.0.0.128/25"), allocator.Allocate("b"));
        Assert.Equal(Cidr.Parse("10.0.0.0/25"), allocator.Allocate("c"));
        Assert.Equal(Cidr.Parse("10.1.0.0/25"), allocator.Allocate("d"));
        Assert.Equal(Cidr.Parse("10.1.0.128/25"), allocator.Allocate("e"));
        Assert.Null(allocator.Allocate("f"));
        allocator.Release("c");
        Assert.Equal(Cidr.Parse("10.0.0.0/25"), allocator.Allocate("f"));
    }

    [Fact]
    public void AReleasedNumberIsUsedAgainOnceAllOthersWere()
    {
        var allocator = new NodeIdAllocator();
        for (var id = 2; id <= 5000; id++)
        {
            Assert.Equal(id, allocator.Allocate($"n{id}"));
        }

        Assert.Null(allocator.Allocate("one more"));
        allocator.Release("n17");
        Assert.Equal(17, allocator.Allocate("one more"));
    }

    [Theory]
    [InlineData("10.0.0.0/25", true)]
    [InlineData("10.0.0.0/24", false)]
    [InlineData("10.0.0.1/25", false)]
    [InlineData("10.9.0.0/25", false)]
    public void OnlySubnetsOfTheRangesCanBeReserved(string subnet, bool isOurs) => Assert.Equal(
        isOurs, new SubnetAllocator(SubnetRange.ParseList("10.0.0.0/24/25")).TryReserve("a", Cidr.Parse(subnet)));

    [Fact]
    public void ANodeHoldsOneSubnetAndOneNumberWhateverItSays()
    {
        var subnets = new SubnetAllocator(SubnetRange.ParseList("10.0.0.0/24/25"));
        Assert.Equal(Cidr.Parse("10.0.0.0/25"), subnets.Allocate("a"));
        Assert.False(subnets.TryReserve("a", Cidr.Parse("10.0.0.128/25")));
        Assert.Equal(Cidr.Parse("10.0.0.128/25"), subnets.Allocate("b"));

        var ids = new NodeIdAllocator();
        Assert.Equal(2, ids.Allocate("a"));
        Assert.False(ids.TryReserve("a", 3));
        Assert.True(ids.TryReserve("b", 3));
        Assert.False(ids.TryReserve("c", 3));
        Assert.False(ids.TryReserve("c", 1));
        Assert.False(ids.TryReserve("c", 5001));
    }
}
