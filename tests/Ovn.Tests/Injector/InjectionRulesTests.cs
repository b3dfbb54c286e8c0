using System.Text.Json.Nodes;
using Dpf.Ovn.Injector;

namespace Dpf.Ovn.Tests.Injector;

public sealed class InjectionRulesTests
{
    private const string ControlPlane = "node-role.kubernetes.io/control-plane";

    [Theory]
    [InlineData("""{"hostNetwork":true}""", true)]
    [InlineData("""{"hostNetwork":false}""", false)]
    [InlineData("""{"nodeSelector":{"node-role.kubernetes.io/master":""}}""", true)]
    [InlineData("""{"nodeSelector":{"kubernetes.io/os":"linux"}}""", false)]
    [InlineData("""{"nodeName":"control"}""", false)]
    [InlineData("{}", false)]
    public async Task PodsOfTheHostAndOfTheControlPlaneAreLeftAlone(string spec, bool skips) =>
        Assert.Equal(skips, await InjectionRules.SkipsAsync(Pod(spec), LabelsAsync));

    [Theory]
    [InlineData("""[{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"Exists"}]}]""", true)]
    [InlineData("""[{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"In","values":[""]}]}]""", true)]
    [InlineData("""[{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"In","values":["x"]}]}]""", false)]
    [InlineData("""[{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"DoesNotExist"}]}]""", false)]
    [InlineData("""[{"matchExpressions":[{"key":"zone","operator":"Exists"}]},{"matchExpressions":[{"key":"node-role.kubernetes.io/master","operator":"Exists"}]}]""", true)]
    [InlineData("""[{"matchFields":[{"key":"metadata.name","operator":"In","values":["control"]}]}]""", true)]
    [InlineData("""[{"matchFields":[{"key":"metadata.name","operator":"In","values":["worker"]}]}]""", false)]
    [InlineData("""[{"matchFields":[{"key":"metadata.name","operator":"NotIn","values":["control"]}]}]""", false)]
    [InlineData("[]", false)]
    public async Task RequiredAffinityToTheControlPlaneCounts(string terms, bool skips) => Assert.Equal(skips, await InjectionRules.SkipsAsync(
        Pod("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":""" + terms + "}}}}"), LabelsAsync));

    [Fact]
    public async Task ANodeThatDoesNotExistIsNamed()
    {
        var pod = Pod(
            """{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["gone"]}]}]}}}}""");
        var failure = await Assert.ThrowsAsync<KeyNotFoundException>(() => InjectionRules.SkipsAsync(pod, LabelsAsync));
        Assert.Contains("gone", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A known fault of the original (25): a VF only for pods that may land on a node with a DPU.</summary>
    [Theory]
    [InlineData("{}", false)]
    [InlineData("""{"nodeSelector":{"pool":"plain"}}""", true)]
    [InlineData("""{"nodeSelector":{"pool":"fast"}}""", false)]
    [InlineData("""{"nodeSelector":{"pool":"of tomorrow"}}""", false)]
    [InlineData("""{"nodeName":"plain1"}""", true)]
    [InlineData("""{"nodeName":"fast1"}""", false)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k8s.ovn.org/dpu-host","operator":"DoesNotExist"}]}]}}}}""", true)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k8s.ovn.org/dpu-host","operator":"Exists"}]}]}}}}""", false)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"pool","operator":"In","values":["plain","x"]}]},{"matchFields":[{"key":"metadata.name","operator":"In","values":["fast1"]}]}]}}}}""", false)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"pool","operator":"NotIn","values":["fast"]},{"key":"cores","operator":"Gt","values":["8"]}]}]}}}}""", true)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"cores","operator":"Lt","values":["8"]}]}]}}}}""", false)]
    public void Bug25_PodsThatCanOnlyLandOnNodesWithoutADpuAreLeftAlone(string spec, bool stays)
    {
        CandidateNode[] nodes =
        [
            new("plain1", new Dictionary<string, string> { ["pool"] = "plain", ["cores"] = "16" }),
            new("fast1", new Dictionary<string, string> { ["pool"] = "fast", ["cores"] = "4", ["k8s.ovn.org/dpu-host"] = "" }),
        ];
        Assert.Equal(stays, InjectionRules.StaysOffDpus(Pod(spec), nodes, n => n.Labels.ContainsKey("k8s.ovn.org/dpu-host")));
    }

    [Fact]
    public void TheFirstContainerGetsOneVfAndThePodItsNetwork()
    {
        var pod = Pod("""{"containers":[{"name":"a"},{"name":"b"}]}""");

        var changed = InjectionRules.Inject(pod, "nvidia.com/bf3-p0-vfs", "ovn-kubernetes/dpf-ovn-kubernetes");

        Assert.Equal(
            """{"metadata":{"annotations":{"v1.multus-cni.io/default-network":"ovn-kubernetes/dpf-ovn-kubernetes"}},"spec":{"containers":[{"name":"a","resources":{"requests":{"nvidia.com/bf3-p0-vfs":"1"},"limits":{"nvidia.com/bf3-p0-vfs":"1"}}},{"name":"b"}]}}""",
            Ordered(changed));
        Assert.Null(pod["metadata"]);
    }

    [Theory]
    [InlineData("\"2\"", "3")]
    [InlineData("2", "3")]
    [InlineData("null", "1")]
    public void WhatThePodAsksForItselfComesOnTop(string asked, string together)
    {
        var pod = Pod("""{"containers":[{"name":"a","resources":{"limits":{"cpu":"1","vf":""" + asked + "}}}]}");

        var resources = InjectionRules.Inject(pod, "vf", "net")["spec"]!["containers"]![0]!["resources"]!;

        Assert.Equal(together, (string?)resources["limits"]!["vf"]);
        Assert.Equal("1", (string?)resources["limits"]!["cpu"]);
    }

    /// <summary>Webhooks are asked before the pod is validated: such a pod is the API server's to refuse.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"containers":[]}""")]
    [InlineData("""{"containers":null}""")]
    public void APodWithoutContainersIsLeftAsItIs(string spec) =>
        Assert.Equal(Pod(spec).ToJsonString(), InjectionRules.Inject(Pod(spec), "vf", "net").ToJsonString());

    private static JsonObject Pod(string spec) => new() { ["spec"] = JsonNode.Parse(spec) };

    private static string Ordered(JsonObject pod) =>
        new JsonObject { ["metadata"] = pod["metadata"]!.DeepClone(), ["spec"] = pod["spec"]!.DeepClone() }.ToJsonString();

    private static Task<IReadOnlyCollection<string>?> LabelsAsync(string name) => Task.FromResult<IReadOnlyCollection<string>?>(
        name switch { "control" => [ControlPlane], "worker" => ["kubernetes.io/os"], _ => null });
}
