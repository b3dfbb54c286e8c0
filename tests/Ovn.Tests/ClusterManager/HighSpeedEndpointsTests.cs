using Dpf.Ovn.Annotations;
using Dpf.Ovn.ClusterManager;
using Dpf.Ovn.Zone.Planning;
using k8s.Models;

namespace Dpf.Ovn.Tests.ClusterManager;

/// <summary>Services whose pods use the host's network: the whole way to them is to be the DPU's.</summary>
public sealed class HighSpeedEndpointsTests
{
    private static readonly Dictionary<string, V1Node> Nodes = new()
    {
        ["worker1"] = Node("worker1", "10.0.110.11", Sample.Worker1.Gateway!),
        ["worker2"] = Node("worker2", "10.0.110.12", Sample.Worker2.Gateway!),
        ["new"] = Node("new", "10.0.110.13", null),
    };

    [Fact]
    public void Facts_9_31_HostNetworkEndpointsGetTheirNodesHighSpeedAddress()
    {
        var service = Service("true");
        var slice = Slice("traffic-abc", Endpoint("10.0.110.11", "worker1", "p1"), Endpoint("10.0.110.12", "worker2", "p2"), Endpoint("10.0.110.13", "new", "p3"));

        var fast = Assert.Single(HighSpeedEndpoints.Of(service, [slice], Nodes, isDefault: false));

        Assert.Equal(("traffic-abc-high-speed", "default"), (fast.Metadata.Name, fast.Metadata.NamespaceProperty));
        Assert.Equal(["10.0.123.21", "10.0.123.22"], fast.Endpoints.Select(e => Assert.Single(e.Addresses)));
        Assert.Equal(["worker1", "worker2"], fast.Endpoints.Select(e => e.NodeName));
        Assert.Equal(8080, Assert.Single(fast.Ports).Port);
        Assert.True(HighSpeedEndpoints.IsOurs(fast));
        Assert.Equal(service.Metadata.Uid, Assert.Single(fast.Metadata.OwnerReferences).Uid);
    }

    [Fact]
    public void ZonesUseTheHighSpeedEndpointInsteadOfTheOther()
    {
        var service = Service("true");
        var slow = Slice("traffic-abc", Endpoint("10.0.110.11", "worker1", "p1"), Endpoint("10.0.110.13", "new", "p3"));
        var fast = HighSpeedEndpoints.Of(service, [slow], Nodes, isDefault: false);

        var port = ServiceFacts.Read([service], [slow, .. fast], Sample.Network).Single().Ports.Single();

        Assert.Equal(["10.0.110.13", "10.0.123.21"], port.Endpoints.Select(e => e.Address.ToString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, false, 0)]
    [InlineData(null, true, 1)]
    [InlineData("true", false, 1)]
    [InlineData("false", true, 0)]
    [InlineData("perhaps", true, 0)]
    public void TheServicesWishGoesBeforeTheClustersDefault(string? wish, bool isDefault, int slices) => Assert.Equal(
        slices, HighSpeedEndpoints.Of(Service(wish), [Slice("traffic-abc", Endpoint("10.0.110.11", "worker1", "p1"))], Nodes, isDefault).Count);

    [Fact]
    public void PodsWithANetworkOfTheirOwnAndHostsWithOneAddressAreLeftAlone()
    {
        var single = new Dictionary<string, V1Node> { ["worker1"] = Node("worker1", "10.0.123.21", Sample.Worker1.Gateway!) };
        Assert.Empty(HighSpeedEndpoints.Of(Service("true"), [Slice("s", Endpoint("10.233.64.3", "worker1", "p1"))], Nodes, isDefault: false));
        Assert.Empty(HighSpeedEndpoints.Of(Service("true"), [Slice("s", Endpoint("10.0.123.21", "worker1", "p1"))], single, isDefault: false));
    }

    private static V1Node Node(string name, string address, GatewayConfig? gateway) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Annotations = gateway is null ? null : new Dictionary<string, string> { [NodeAnnotations.Gateway] = gateway.Write() },
        },
        Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = address }] },
    };

    private static V1Service Service(string? wish) => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default",
            Name = "traffic",
            Uid = "service",
            Annotations = wish is null ? null : new Dictionary<string, string> { [HighSpeedEndpoints.Annotation] = wish },
        },
        Spec = new V1ServiceSpec { ClusterIP = "10.233.0.10", Ports = [new V1ServicePort { Name = "http", Port = 80 }] },
    };

    private static V1EndpointSlice Slice(string name, params V1Endpoint[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default",
            Name = name,
            Labels = new Dictionary<string, string>
            {
                [ServiceFacts.ServiceNameLabel] = "traffic", [HighSpeedEndpoints.ManagedByLabel] = "endpointslice-controller.k8s.io",
            },
        },
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080 }],
        Endpoints = endpoints,
    };

    private static V1Endpoint Endpoint(string address, string node, string pod) => new()
    {
        Addresses = [address],
        NodeName = node,
        Conditions = new V1EndpointConditions { Ready = true },
        TargetRef = new V1ObjectReference { Kind = "Pod", Name = pod, Uid = pod },
    };
}
