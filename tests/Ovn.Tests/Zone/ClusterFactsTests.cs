using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Tests.Zone.Truth;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>What a zone reads from the cluster's objects.</summary>
public sealed class ClusterFactsTests
{
    private static readonly DateTime Start = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void NodesAreReadOnceTheyHaveASubnetAndANumber()
    {
        var node = Node("worker1", 2, "10.233.64.0/24");
        node.Metadata.Annotations[NodeAnnotations.HostCidrs] = """["10.0.110.21/24","10.0.123.21/24"]""";
        node.Metadata.Annotations[NodeAnnotations.Gateway] = Sample.Worker1.Gateway!.Write();
        node.Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "10.0.110.21" }] };

        var local = Read([node, new V1Node { Metadata = new V1ObjectMeta { Name = "new" } }]).Local!;

        Assert.Equal(("worker1", 2, Cidr.Parse("10.233.64.0/24")), (local.Name, local.Id, local.Subnets.Single()));
        Assert.Equal([IpAddress.Parse("10.0.123.21"), IpAddress.Parse("10.0.110.21")], local.Addresses);
    }

    /// <summary>Until the cluster manager has sorted it out, one of them must do, or no zone could be planned at all.</summary>
    [Fact]
    public void OfNodesWithTheSameNumberOrSubnetTheOlderCounts()
    {
        var facts = Read(
            [
                Node("worker1", 2, "10.233.64.0/24"), Node("younger", 3, "10.233.65.0/24", 2), Node("older", 3, "10.233.66.0/24", 1),
                Node("copy", 4, "10.233.66.0/24", 3), Node("later", 2, "10.233.67.0/24", 4),
            ]);

        Assert.Equal(["worker1", "older"], facts.Nodes.Select(n => n.Name));
        Assert.NotEmpty(NorthboundPlan.Of(facts).Rows);
    }

    [Fact]
    public void PodsOfTheZoneAreThoseOfItsNodeThatLiveInItsNetwork()
    {
        var completed = Pod("done", "10.233.64.5/24");
        completed.Status = new V1PodStatus { Phase = "Succeeded" };
        var host = Pod("host", "10.233.64.6/24");
        host.Spec.HostNetwork = true;
        var elsewhere = Pod("elsewhere", "10.233.65.7/24");
        elsewhere.Spec.NodeName = "worker2";

        var facts = Read([Node("worker1", 2, "10.233.64.0/24")], new ClusterObjects
        {
            Pods = [Pod("a", "10.233.64.3/24"), completed, host, elsewhere, Pod("astray", "10.233.99.8/24"), Pod("fresh", null)],
        });

        Assert.Equal(["default_a"], facts.Pods.Select(p => p.Port));
    }

    /// <summary>Whoever makes a pod can write the annotation, and must not become the node or another pod by it.</summary>
    [Fact]
    public void AnAddressIsNeitherTheNodesOwnNorAnOlderPods()
    {
        var older = Pod("z", "10.233.64.3/24");
        older.Metadata.CreationTimestamp = Start;
        var thief = Pod("a", "10.233.64.3/24");
        thief.Metadata.CreationTimestamp = Start.AddHours(1);

        var facts = Read([Node("worker1", 2, "10.233.64.0/24")], new ClusterObjects
        {
            Pods =
            [
                thief, older, Pod("network", "10.233.64.0/24"), Pod("router", "10.233.64.1/24"), Pod("host", "10.233.64.2/24"),
                Pod("broadcast", "10.233.64.255/24"), Pod("wide", "10.233.64.9/16"),
            ],
        });

        Assert.Equal(["default_z"], facts.Pods.Select(p => p.Port));
    }

    [Fact]
    public void ReadyEndpointsCountAndWithoutThemThoseThatStillServe()
    {
        var ready = Endpoint("10.233.64.3", ready: true);
        var ending = Endpoint("10.233.64.4", ready: false, serving: true, terminating: true);
        var dead = Endpoint("10.233.64.5", ready: false);

        Assert.Equal(["10.233.64.3"], Targets(ready, ending, dead));
        Assert.Equal(["10.233.64.4"], Targets(ending, dead));
        Assert.Empty(Targets(dead));
    }

    [Fact]
    public void AnEndpointThatEndsIsKeptForItsOwnNode()
    {
        var ready = Endpoint("10.233.65.3", ready: true);
        ready.NodeName = "worker2";
        var ending = Endpoint("10.233.64.4", ready: false, serving: true, terminating: true);
        ending.NodeName = "worker1";

        var port = Port(ready, ending);
        Assert.Equal("10.233.65.3", Assert.Single(port.Endpoints).Address.ToString());
        Assert.Equal("10.233.64.4", Assert.Single(port.EndpointsOn("worker1")).Address.ToString());
    }

    [Fact]
    public void AHeadlessServiceHasNoBalancer()
    {
        var service = Service();
        service.Spec.ClusterIP = "None";
        Assert.Empty(Read([], new ClusterObjects { Services = [service] }).Services);
    }

    /// <summary>An address that no node holds would keep the pod from leaving under the one that one does.</summary>
    [Fact]
    public void AnEgressAddressWithoutANodeTakesNoPodFromOneThatHasIt()
    {
        var facts = Read([.. World.Nodes], new ClusterObjects
        {
            Namespaces = World.Namespaces,
            Pods = World.Pods,
            EgressIps = [Egress("a"), Egress("b", "fd00:123::200"), Egress("c", "10.0.123.200"), Egress("d", "10.0.123.201")],
        });

        var egress = Assert.Single(facts.EgressIps);
        Assert.Equal(("c", 3), (egress.Name, egress.Pods.Count));

        static EgressIp Egress(string name, params string[] addresses) => new()
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new EgressIpSpec { NamespaceSelector = World.Is("ns", "x") },
            Status = new EgressIpStatus { Items = [.. addresses.Select(a => new EgressIpAssignment { EgressIp = a, Node = "worker1" })] },
        };
    }

    private static ZoneFacts Read(V1Node[] nodes, ClusterObjects? cluster = null) =>
        ClusterFacts.Read("worker1", Sample.Network, (cluster ?? new ClusterObjects()) with { Nodes = nodes });

    private static V1Node Node(string name, int id, string subnet, int age = 0) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            CreationTimestamp = Start.AddHours(age),
            Annotations = new Dictionary<string, string>(NodeAnnotations.Allocation(Sample.Network, [Cidr.Parse(subnet)], id)),
        },
    };

    private static V1Pod Pod(string name, string? address, params (string Key, string Value)[] labels) => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default",
            Name = name,
            Uid = "uid-" + name,
            Labels = labels.ToDictionary(l => l.Key, l => l.Value),
            Annotations = address is null ? null
                : new Dictionary<string, string> { [PodNetwork.Annotation] = Sample.Pod(name, address).Network.Write() },
        },
        Spec = new V1PodSpec { NodeName = "worker1" },
    };

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "traffic" },
        Spec = new V1ServiceSpec { ClusterIP = "10.233.0.10", Ports = [new V1ServicePort { Name = "http", Port = 80 }] },
    };

    private static IEnumerable<string> Targets(params V1Endpoint[] endpoints) => Port(endpoints).Endpoints.Select(e => e.Address.ToString());

    private static ZoneServicePort Port(params V1Endpoint[] endpoints)
    {
        var slice = new V1EndpointSlice
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta
            {
                NamespaceProperty = "default", Labels = new Dictionary<string, string> { [ServiceFacts.ServiceNameLabel] = "traffic" },
            },
            Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080 }],
            Endpoints = endpoints,
        };
        var cluster = new ClusterObjects { Services = [Service()], Endpoints = [slice] };
        return Read([], cluster).Services.Single().Ports.Single();
    }

    private static V1Endpoint Endpoint(string address, bool ready, bool? serving = null, bool? terminating = null) => new()
    {
        Addresses = [address],
        Conditions = new V1EndpointConditions { Ready = ready, Serving = serving, Terminating = terminating },
    };
}
