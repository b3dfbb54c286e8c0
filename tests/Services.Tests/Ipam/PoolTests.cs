using System.Text.Json.Nodes;
using Dpf.Services.Ipam;
using k8s.Models;

namespace Dpf.Services.Tests.Ipam;

public sealed class PoolTests
{
    [Fact]
    public void A_subnet_becomes_a_pool_of_blocks()
    {
        var ipam = IpamValidationTests.Ipam("""
            metadata: {labels: {a: b, dpu.nvidia.com/dpuserviceipam-name: mine}, annotations: {c: d} }
            ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8, routes: [{dst: 10.0.0.0/8}]}
            """);
        Same("""
            {"apiVersion":"nv-ipam.nvidia.com/v1alpha1","kind":"IPPool","metadata":{"name":"pool","namespace":"dpf-operator-system",
              "labels":{"a":"b","dpu.nvidia.com/dpuserviceipam-name":"pool","dpu.nvidia.com/dpuserviceipam-namespace":"dpf-operator-system"},
              "annotations":{"c":"d"}},
             "spec":{"subnet":"192.168.0.0/20","perNodeBlockSize":8,"gateway":"192.168.0.1","routes":[{"dst":"10.0.0.0/8"}]}}
            """, Assert.Single(PoolPlan.Of(ipam)));
    }

    [Fact]
    public void A_network_becomes_a_pool_of_networks_whose_lists_have_one_order()
    {
        var ipam = IpamValidationTests.Ipam("""
            nodeSelector: {nodeSelectorTerms: [{matchExpressions: [{key: k, operator: In, values: [v]}]}]}
            ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: 1, defaultGateway: true, exclusions: [10.0.0.9],
              allocations: {z: 10.0.0.4/30, a: 10.0.0.0/30} }
            """);
        Same("""
            {"cidr":"10.0.0.0/24","perNodeNetworkPrefix":30,"gatewayIndex":1,"defaultGateway":true,
             "exclusions":[{"startIP":"10.0.0.9","endIP":"10.0.0.9"}],
             "staticAllocations":[{"nodeName":"a","prefix":"10.0.0.0/30"},{"nodeName":"z","prefix":"10.0.0.4/30"}],
             "nodeSelector":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}]}}
            """, Assert.Single(PoolPlan.Of(ipam))["spec"]);
    }

    [Fact]
    public void A_hosts_address_with_a_prefix_becomes_its_network_wherever_a_pool_names_one()
    {
        var subnet = IpamValidationTests.Ipam("ipv4Subnet: {subnet: 192.168.1.7/20, gateway: 192.168.0.1, perNodeIPCount: 8, routes: [{dst: 10.1.2.3/8}]}");
        Same("""
            {"subnet":"192.168.0.0/20","perNodeBlockSize":8,"gateway":"192.168.0.1","routes":[{"dst":"10.0.0.0/8"}]}
            """, Assert.Single(PoolPlan.Of(subnet))["spec"]);
        var network = IpamValidationTests.Ipam(
            "ipv4Network: {network: 10.0.120.1/22, prefixSize: 29, allocations: {a: 10.0.120.13/29}, routes: [{dst: 172.16.0.1/12}]}");
        Same("""
            {"cidr":"10.0.120.0/22","perNodeNetworkPrefix":29,"routes":[{"dst":"172.16.0.0/12"}],
             "staticAllocations":[{"nodeName":"a","prefix":"10.0.120.8/29"}]}
            """, Assert.Single(PoolPlan.Of(network))["spec"]);
    }

    [Fact]
    public void Neither_becomes_nothing() => Assert.Empty(PoolPlan.Of(IpamValidationTests.Ipam("{}")));

    [Fact]
    public void A_pool_is_ready_when_all_the_nodes_it_is_for_are_served()
    {
        var pool = new PoolSpec
        {
            NodeSelector = new V1NodeSelector
            {
                NodeSelectorTerms = [new V1NodeSelectorTerm
                {
                    MatchExpressions = [new V1NodeSelectorRequirement { Key = "kind", OperatorProperty = "In", Values = ["dpu"] }],
                }],
            },
        };
        V1Node[] nodes = [Node("a", "dpu"), Node("b", "dpu"), Node("c", "host")];
        Assert.Equal("no addresses yet for a, b", PoolReadiness.Problem(pool, null, nodes));
        var status = new PoolStatus { Allocations = [new PoolAllocation { NodeName = "a" }, new PoolAllocation { NodeName = "b" }] };
        Assert.Null(PoolReadiness.Problem(pool, status, nodes));
        Assert.Null(PoolReadiness.Problem(pool, null, []));
        Assert.Equal("no addresses yet for c", PoolReadiness.Problem(new PoolSpec(), status, nodes));
    }

    private static V1Node Node(string name, string kind) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kind"] = kind } },
    };

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString());
}
