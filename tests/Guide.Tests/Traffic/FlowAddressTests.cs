using Dpf.Guide.Traffic;
using k8s.Models;

namespace Dpf.Guide.Tests.Traffic;

public sealed class FlowAddressTests
{
    private static readonly FlowNode Node = new("w1", "10.0.0.1");

    [Theory]
    [InlineData("POD_TO_POD_SAME_NODE", "10.1.0.4:5200", "[fd00:1::4]:5200")]
    [InlineData("POD_TO_CLUSTER_IP_TO_POD_SAME_NODE", "10.9.0.9:5200", "[fd00:9::9]:5200")]
    [InlineData("POD_TO_NODE_PORT_TO_POD_SAME_NODE", "10.0.0.1:30001", "[fd00::1]:30001")]
    [InlineData("POD_TO_LOAD_BALANCER_TO_POD_SAME_NODE", "192.0.2.1:5200", "[2001:db8::1]:5200")]
    [InlineData("POD_TO_HOST_SAME_NODE", "10.0.0.1:5300", "[fd00::1]:5300")]
    public void TheServerIsAskedByTheAddressOfItsPathAndFamily(string name, string four, string six)
    {
        var flow = FlowCase.Parse(name).Single();
        Assert.Equal(four, FlowAddress.Find(flow, false, Node, Pod("10.1.0.4", "fd00:1::4"), Service()).Found!.HelloAt);
        Assert.Equal(six, FlowAddress.Find(flow, true, Node with { Address = "fd00::1" }, Pod("10.1.0.4", "fd00:1::4"), Service()).Found!.HelloAt);
    }

    [Theory]
    [InlineData("POD_TO_POD_SAME_NODE", "pods have no IPv6 address")]
    [InlineData("POD_TO_NODE_PORT_TO_HOST_SAME_NODE", "pods in the network of w1 have no IPv6 address")]
    [InlineData("POD_TO_HOST_SAME_NODE", "node w1 has no IPv6 address")]
    public void WhatHasNoAddressOfTheFamilyIsNamed(string name, string lacking) =>
        Assert.Equal((null, lacking), FlowAddress.Find(FlowCase.Parse(name).Single(), true, Node with { Address = null }, Pod("10.1.0.4"), Service()));

    [Theory]
    [InlineData("POD_TO_CLUSTER_IP_TO_POD_SAME_NODE", "the service has no IPv6 address")]
    [InlineData("POD_TO_LOAD_BALANCER_TO_POD_SAME_NODE", "the load balancer has no IPv6 address")]
    public void AServiceOfTheOtherFamilyIsNamed(string name, string lacking)
    {
        var service = new V1Service { Spec = new V1ServiceSpec { ClusterIPs = ["10.9.0.9"] } };
        Assert.Equal((null, lacking), FlowAddress.Find(FlowCase.Parse(name).Single(), true, Node, Pod("10.1.0.4", "fd00:1::4"), service));
    }

    [Theory]
    [InlineData(true, "fd00::1")]
    [InlineData(false, null)]
    public void ANodesSecondFamilyIsThatOfItsGateway(bool isKnown, string? expected)
    {
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Name = "w1",
                Annotations = isKnown ? new Dictionary<string, string> { ["k8s.ovn.org/node-primary-ifaddr"] = """{"ipv4":"10.0.123.4/24","ipv6":"fd00::1/64"}""" } : null,
            },
            Spec = new V1NodeSpec(),
            Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }], Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "10.0.0.1" }] },
        };
        Assert.Equal(expected, FlowNode.Choose([node], null, null, six: true).Near.Address);
        Assert.Equal("10.0.0.1", FlowNode.Choose([node], null, null).Near.Address);
    }

    private static V1Pod Pod(params string[] addresses) => new() { Status = new V1PodStatus { PodIPs = [.. addresses.Select(a => new V1PodIP { Ip = a })] } };

    private static V1Service Service() => new()
    {
        Spec = new V1ServiceSpec
        {
            ClusterIPs = ["10.9.0.9", "fd00:9::9"],
            Ports = [new V1ServicePort { NodePort = 30001 }, new V1ServicePort { NodePort = 30002 }],
        },
        Status = new V1ServiceStatus
        {
            LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "192.0.2.1" }, new V1LoadBalancerIngress { Ip = "2001:db8::1" }] },
        },
    };
}
