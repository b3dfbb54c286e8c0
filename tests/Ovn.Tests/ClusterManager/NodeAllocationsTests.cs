using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.ClusterManager;
using k8s.Models;

namespace Dpf.Ovn.Tests.ClusterManager;

public sealed class NodeAllocationsTests
{
    private static readonly DateTime Start = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void ANewNodeGetsEverythingThatFollowsFromItsNumber()
    {
        var given = new NodeAllocations(Sample.Network).Missing([Node("a")])["a"];

        Assert.Equal(
            [
                "k8s.ovn.org/network-ids={\"default\":\"0\"}",
                "k8s.ovn.org/node-gateway-router-lrp-ifaddr={\"ipv4\":\"100.64.0.2/16\"}",
                "k8s.ovn.org/node-gateway-router-lrp-ifaddrs={\"default\":{\"ipv4\":\"100.64.0.2/16\"}}",
                "k8s.ovn.org/node-id=2",
                "k8s.ovn.org/node-subnets={\"default\":[\"10.233.64.0/24\"]}",
                "k8s.ovn.org/node-transit-switch-port-ifaddr={\"ipv4\":\"100.88.0.2/16\"}",
            ],
            given.Ordered());
    }

    [Fact]
    public void InADualStackClusterItIsOfBothFamilies()
    {
        var nodes = new[] { Node("a") };
        Annotate(nodes, new NodeAllocations(Sample.Network).Missing(nodes));

        // A cluster that becomes one: what nodes had they keep.
        var given = new NodeAllocations(Sample.DualNetwork).Missing(nodes)["a"];

        Assert.Equal(
            [
                "k8s.ovn.org/node-gateway-router-lrp-ifaddr={\"ipv4\":\"100.64.0.2/16\",\"ipv6\":\"fd98::2/64\"}",
                "k8s.ovn.org/node-gateway-router-lrp-ifaddrs={\"default\":{\"ipv4\":\"100.64.0.2/16\",\"ipv6\":\"fd98::2/64\"}}",
                "k8s.ovn.org/node-subnets={\"default\":[\"10.233.64.0/24\",\"fd00:10:233:1::/64\"]}",
                "k8s.ovn.org/node-transit-switch-port-ifaddr={\"ipv4\":\"100.88.0.2/16\",\"ipv6\":\"fd97::2/64\"}",
            ],
            given.Ordered());
    }

    [Fact]
    public void WhatNodesHaveIsKeptByANewManagerAndNothingIsWrittenTwice()
    {
        var nodes = new[] { Node("a"), Node("b", 1), Node("c", 2) };
        Annotate(nodes, new NodeAllocations(Sample.Network).Missing(nodes));
        Assert.Empty(new NodeAllocations(Sample.Network).Missing(nodes));

        var restarted = new NodeAllocations(Sample.Network);
        var given = restarted.Missing([Node("new", -1), nodes[2], nodes[1]]);
        Assert.Equal(["new"], given.Keys);
        Assert.Equal("2", given["new"][NodeAnnotations.Id]);
        Assert.Empty(restarted.Missing([nodes[2], nodes[1]]).Keys);
    }

    [Fact]
    public void OfTwoNodesWithTheSameValuesTheOlderKeepsThem()
    {
        var older = Node("z");
        Annotate([older], new NodeAllocations(Sample.Network).Missing([older]));
        var younger = Node("a", 1);
        younger.Metadata.Annotations = new Dictionary<string, string>(older.Metadata.Annotations);

        var given = new NodeAllocations(Sample.Network).Missing([younger, older]);

        Assert.Equal(["a"], given.Keys);
        Assert.NotEqual(older.Metadata.Annotations[NodeAnnotations.Id], given["a"][NodeAnnotations.Id]);
        Assert.NotEqual(older.Metadata.Annotations[NodeAnnotations.Subnets], given["a"][NodeAnnotations.Subnets]);
    }

    [Fact]
    public void NodesOfAnotherNetworkAreLeftAlone()
    {
        var node = Node("a");
        node.Metadata.Labels = new Dictionary<string, string> { ["k8s.ovn.org/ovn-managed"] = "false" };
        Assert.Empty(new NodeAllocations(Sample.Network).Missing([node]));
    }

    [Fact]
    public void TheNodeThatIsOneTooManyDoesNotKeepTheOthersFromTheirs()
    {
        var allocations = new NodeAllocations(ClusterNetwork.Parse("10.0.0.0/24/25", "10.1.0.0/24"));
        var nodes = new[] { Node("a"), Node("b", 1), Node("c", 2) };

        Assert.Equal(["a", "b"], allocations.Missing(nodes).Keys.Order(StringComparer.Ordinal));
        var starved = Assert.Single(allocations.Starved);
        Assert.Equal("c", starved.Key);
        Assert.Contains("node c: no subnet is left", starved.Value, StringComparison.Ordinal);

        Assert.Contains("10.0.0.0/25", allocations.Missing(nodes[1..])["c"][NodeAnnotations.Subnets], StringComparison.Ordinal);
        Assert.Empty(allocations.Starved);
    }

    private static V1Node Node(string name, int age = 0) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name, CreationTimestamp = Start.AddHours(age), Annotations = new Dictionary<string, string>(),
        },
    };

    private static void Annotate(
        IEnumerable<V1Node> nodes, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> given)
    {
        foreach (var node in nodes)
        {
            foreach (var (key, value) in given[node.Metadata.Name])
            {
                node.Metadata.Annotations[key] = value;
            }
        }
    }
}
