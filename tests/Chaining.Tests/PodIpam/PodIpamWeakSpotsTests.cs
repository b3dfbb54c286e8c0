using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Chaining.Ipam;
using Dpf.Chaining.PodIpam;
using k8s;
using k8s.Models;

namespace Dpf.Chaining.Tests.PodIpam;

/// <summary>Pools for the interfaces of services' pods, and what the original gets wrong about them.</summary>
public sealed class PodIpamWeakSpotsTests
{
    private const string Networks = "k8s.v1.cni.cncf.io/networks";
    private const string Bare = """[{"name":"mybrsfc","interface":"sfceth1","cni-args":null}]""";

    [Fact]
    public void A_pod_gets_the_pool_that_the_chain_of_its_interface_asks_for() => Assert.Equal(
        """[{"name":"mybrsfc","interface":"sfceth1","cni-args":{"allocateDefaultGateway":false,"poolNames":["pool-1"],"poolType":"ippool"},"namespace":"default"}]""",
        Of(Pod(Bare), [Chain()], [Interface()], [Pool("pool-1")]).Annotation);

    [Fact]
    public void A_pool_of_networks_is_called_so_and_a_default_gateway_is_passed_on()
    {
        var annotation = Of(Pod(Bare), [Chain(gateway: true)], [Interface()], [new CidrPool { Metadata = Meta("pool-2", ("pool", "a")) }]).Annotation;
        var arguments = JsonNode.Parse(annotation!)![0]!["cni-args"]!;
        Assert.Equal(("cidrpool", true), ((string?)arguments["poolType"], (bool)arguments["allocateDefaultGateway"]!));
    }

    [Fact]
    public void I1_whichever_comes_last_is_enough()
    {
        var whole = Of(Pod(Bare), [Chain()], [Interface()], [Pool("pool-1")]);
        Assert.NotNull(whole.Annotation);
        Assert.Null(Of(Pod(Bare), [], [Interface()], [Pool("pool-1")]).Annotation);
        Assert.Null(Of(Pod(Bare), [Chain()], [], [Pool("pool-1")]).Annotation);
        Assert.Null(Of(Pod(Bare), [Chain()], [Interface()], []).Annotation);
    }

    [Fact]
    public void I2_a_port_of_others_that_does_not_resolve_holds_up_nobody() => Assert.NotNull(
        Of(Pod(Bare), [Chain("broken", "none"), Chain()], [Interface()], [Pool("pool-1")]).Annotation);

    [Fact]
    public void I3_of_several_pools_it_is_always_the_same()
    {
        IKubernetesObject<V1ObjectMeta>[] pools = [Pool("b"), new CidrPool { Metadata = Meta("a", ("pool", "a")) }, Pool("c")];
        Assert.Equal("b", Name(Of(Pod(Bare), [Chain()], [Interface()], pools)));
        Assert.Equal("b", Name(Of(Pod(Bare), [Chain()], [Interface()], [.. pools.Reverse()])));

        static string? Name(PodPools found) => (string?)JsonNode.Parse(found.Annotation!)![0]!["cni-args"]!["poolNames"]![0];
    }

    [Fact]
    public void I4_what_the_user_says_stays_and_what_is_said_already_is_not_written_again()
    {
        var own = """[{"name":"n","namespace":"x","interface":"sfceth1","mac":"02:00:00:00:00:01","cni-args":{"mine":1,"allocateDefaultGateway":true}}]""";
        var first = Of(Pod(own), [Chain()], [Interface()], [Pool("pool-1")]).Annotation!;
        var element = JsonNode.Parse(first)![0]!;
        Assert.Equal((1, true, "x", "02:00:00:00:00:01"), (
            (int)element["cni-args"]!["mine"]!, (bool)element["cni-args"]!["allocateDefaultGateway"]!, (string?)element["namespace"], (string?)element["mac"]));
        Assert.Null(Of(Pod(first), [Chain()], [Interface()], [Pool("pool-1")]).Annotation);
    }

    [Fact]
    public void A_pod_that_waits_for_a_pool_that_is_gone_gets_the_one_that_came_in_its_place()
    {
        var first = Of(Pod(Bare), [Chain()], [Interface()], [Pool("small")]);
        Assert.Equal(Bare, first.Own);
        var waiting = Pod(first.Annotation!);
        waiting.Metadata.Annotations["svc.dpu.nvidia.com/own-networks"] = first.Own;
        Assert.Null(Of(waiting, [Chain()], [Interface()], [Pool("small")]).Annotation);

        var second = Of(waiting, [Chain(gateway: true)], [Interface()], [Pool("large")]);
        var arguments = JsonNode.Parse(second.Annotation!)![0]!["cni-args"]!;
        Assert.Equal(("large", true), ((string?)arguments["poolNames"]![0], (bool)arguments["allocateDefaultGateway"]!));
        Assert.Equal(Bare, second.Own);
        Assert.Equal(Bare, Of(waiting, [], [Interface()], [Pool("large")]).Annotation);
    }

    [Fact]
    public void I5_an_element_without_an_interface_is_left_alone_and_spoils_no_other()
    {
        var annotation = Of(Pod("""[{"name":"any"},{"name":"mybrsfc","interface":"sfceth1"}]"""), [Chain()], [Interface()], [Pool("pool-1")]).Annotation!;
        var elements = JsonNode.Parse(annotation)!.AsArray();
        Assert.Equal("""{"name":"any"}""", elements[0]!.ToJsonString());
        Assert.NotNull(elements[1]!["cni-args"]!["poolNames"]);
    }

    [Fact]
    public void I6_what_is_missing_is_said_with_what_to_do() => Assert.Equal(
        "interface sfceth1: no IPPool or CIDRPool has the labels pool=a that ServiceChain chain asks for; create a DPUServiceIPAM with them in spec.metadata.labels",
        Assert.Single(Of(Pod(Bare), [Chain()], [Interface()], [Pool("other", "b")]).Problems));

    [Theory]
    [InlineData("Running", "n1", Bare)]
    [InlineData("Pending", "n2", Bare)]
    [InlineData("Pending", "", Bare)]
    [InlineData("Pending", "n1", "default/mybrsfc@sfceth1")]
    [InlineData("Pending", "n1", "[{")]
    public void Others_are_none_of_its_business(string phase, string node, string networks)
    {
        var pod = Pod(networks);
        (pod.Status.Phase, pod.Spec.NodeName) = (phase, node);
        Assert.Equal(PodPools.None.Annotation, Of(pod, [Chain()], [Interface()], [Pool("pool-1")]).Annotation);
    }

    [Fact]
    public void A_port_without_a_pool_leaves_addresses_to_others()
    {
        var chain = Chain();
        chain.Spec.Switches[0].Ports[0].ServiceInterface.Ipam = null;
        Assert.Equal((null, 0), (Of(Pod(Bare), [chain], [Interface()], []).Annotation, Of(Pod(Bare), [chain], [Interface()], []).Problems.Count));
    }

    private static PodPools Of(
        V1Pod pod, ServiceChain[] chains, ServiceInterface[] interfaces, IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>> pools) =>
        PodPools.Of(pod, chains, interfaces, pools);

    private static V1Pod Pod(string networks) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "pod",
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["svc.dpu.nvidia.com/service"] = "firewall" },
            Annotations = new Dictionary<string, string> { [Networks] = networks },
        },
        Spec = new V1PodSpec { NodeName = "n1", Containers = [] },
        Status = new V1PodStatus { Phase = "Pending" },
    };

    private static ServiceChain Chain(string name = "chain", string port = "sfceth1", bool? gateway = null) => new()
    {
        Metadata = Meta(name),
        Spec = new ServiceChainSpec
        {
            Node = "n1",
            Switches =
            [
                new ServiceChainSwitch
                {
                    Ports =
                    [
                        new ServiceChainPort
                        {
                            ServiceInterface = new ServiceChainServiceInterface
                            {
                                MatchLabels = new() { ["port"] = port },
                                Ipam = new ServiceChainIpam { MatchLabels = new() { ["pool"] = "a" }, DefaultGateway = gateway },
                            },
                        },
                    ],
                },
            ],
        },
    };

    private static ServiceInterface Interface() => new()
    {
        Metadata = Meta("interface", ("port", "sfceth1")),
        Spec = new ServiceInterfaceSpec
        {
            Node = "n1", InterfaceType = "service", Service = new ServiceInterfaceService { ServiceId = "firewall", Network = "mybrsfc", InterfaceName = "sfceth1" },
        },
    };

    private static IpPool Pool(string name, string label = "a") => new() { Metadata = Meta(name, ("pool", label)) };

    private static V1ObjectMeta Meta(string name, params (string Key, string Value)[] labels) => new()
    {
        Name = name, NamespaceProperty = "default", Labels = labels.ToDictionary(l => l.Key, l => l.Value),
    };
}
