using System.Text.Json.Nodes;
using Dpf.Guide.Traffic;
using k8s.Models;

namespace Dpf.Guide.Tests.Traffic;

public sealed class FlowCaseTests
{
    [Theory]
    [InlineData(1, "POD_TO_POD_SAME_NODE")]
    [InlineData(4, "POD_TO_HOST_DIFF_NODE")]
    [InlineData(6, "POD_TO_CLUSTER_IP_TO_POD_DIFF_NODE")]
    [InlineData(7, "POD_TO_CLUSTER_IP_TO_HOST_SAME_NODE")]
    [InlineData(9, "POD_TO_NODE_PORT_TO_POD_SAME_NODE")]
    [InlineData(12, "POD_TO_NODE_PORT_TO_HOST_DIFF_NODE")]
    [InlineData(13, "HOST_TO_HOST_SAME_NODE")]
    [InlineData(16, "HOST_TO_POD_DIFF_NODE")]
    [InlineData(17, "HOST_TO_CLUSTER_IP_TO_POD_SAME_NODE")]
    [InlineData(24, "HOST_TO_NODE_PORT_TO_HOST_DIFF_NODE")]
    [InlineData(25, "POD_TO_EXTERNAL")]
    [InlineData(26, "HOST_TO_EXTERNAL")]
    [InlineData(32, "POD_TO_POD_ANP_ALLOW")]
    [InlineData(33, "POD_TO_POD_ANP_DENY")]
    [InlineData(34, "POD_TO_POD_ANP_PASS_NP_DENY")]
    [InlineData(35, "POD_TO_POD_NP_DENY")]
    [InlineData(36, "POD_TO_POD_NP_ALLOW")]
    [InlineData(60, "POD_TO_LOAD_BALANCER_TO_POD_SAME_NODE")]
    [InlineData(63, "POD_TO_LOAD_BALANCER_TO_HOST_DIFF_NODE")]
    [InlineData(67, "HOST_TO_LOAD_BALANCER_TO_HOST_DIFF_NODE")]
    public void ANumberMeansWhatItMeansElsewhere(int id, string name) => Assert.Equal(name, FlowCase.All.Single(c => c.Id == id).Name);

    [Fact]
    public void NumbersAndNamesAreOnceEach()
    {
        Assert.Equal(Enumerable.Range(1, 26).Concat(Enumerable.Range(32, 5)).Concat(Enumerable.Range(60, 8)), FlowCase.All.Select(c => c.Id));
        Assert.Equal(FlowCase.All.Count, FlowCase.All.Select(c => c.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("all", 39)]
    [InlineData("1-26,32-36,60-63", 35)]
    [InlineData("2, 2,1-3", 3)]
    [InlineData("POD_TO_HOST_SAME_NODE-9,pod_to_external", 8)]
    public void ASelectionIsReadAsRangesOfNumbersAndNames(string selection, int count) => Assert.Equal(count, FlowCase.Parse(selection).Count);

    [Theory]
    [InlineData("27")]
    [InlineData("9-1")]
    [InlineData("NOTHING")]
    [InlineData("1,x")]
    public void WhatSelectsNothingIsRefused(string selection) =>
        Assert.Contains("1-26, 32-36 and 60-67", Assert.Throws<FormatException>(() => FlowCase.Parse(selection)).Message, StringComparison.Ordinal);

    [Fact]
    public void EveryCaseHasItsPodsAndServices()
    {
        var names = new FlowObjects(new FlowNode("a", "10.0.0.1"), new FlowNode("b", "10.0.0.2"), "image").All().Select(o => (string)o["metadata"]!["name"]!).ToHashSet(StringComparer.Ordinal);
        Assert.All(FlowCase.All, flow => Assert.Contains(FlowObjects.ClientOf(flow), names));
        Assert.All(FlowCase.All.Where(c => c.Path != FlowPath.Direct), flow => Assert.Contains(FlowObjects.ServiceOf(flow.Server), names));
    }

    [Fact]
    public void PodsRunWhereTheyShouldAndHostsShareTheirNodesNetwork()
    {
        var pods = new FlowObjects(new FlowNode("a", "10.0.0.1"), new FlowNode("cp", "10.0.0.2", "node-role.kubernetes.io/control-plane"), "image").All()
            .Where(o => (string?)o["kind"] == "Pod").ToDictionary(o => (string)o["metadata"]!["name"]!, o => o["spec"]!, StringComparer.Ordinal);
        Assert.Equal("""{"kubernetes.io/hostname":"a"}""", pods["server"]["nodeSelector"]!.ToJsonString());
        Assert.Equal("""{"kubernetes.io/hostname":"cp","node-role.kubernetes.io/control-plane":""}""", pods["client-far"]["nodeSelector"]!.ToJsonString());
        Assert.Equal(["host-client", "host-server"], pods.Where(p => (bool?)p.Value["hostNetwork"] == true).Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(FlowPolicy.None, "")]
    [InlineData(FlowPolicy.Deny, "NetworkPolicy")]
    [InlineData(FlowPolicy.Allow, "NetworkPolicy")]
    [InlineData(FlowPolicy.AdminDeny, "AdminNetworkPolicy Deny")]
    [InlineData(FlowPolicy.AdminAllow, "NetworkPolicy,AdminNetworkPolicy Allow")]
    [InlineData(FlowPolicy.AdminPass, "NetworkPolicy,AdminNetworkPolicy Pass")]
    public void APolicyCaseHasItsPolicies(FlowPolicy policy, string expected) => Assert.Equal(
        expected,
        string.Join(',', FlowObjects.Policies(policy).Select(o => $"{o["kind"]} {(string?)(o["spec"]!["ingress"]!.AsArray() is [JsonObject rule] ? rule["action"] : null)}".TrimEnd())));

    [Fact]
    public void WorkersAreChosenBeforeTheControlPlaneAndNeverWhatIsNotReady()
    {
        V1Node[] nodes = [Node("cp", "True", "node-role.kubernetes.io/control-plane"), Node("w2", "True"), Node("w1", "False"), Node("w3", "True")];
        Assert.Equal(("w2", "w3"), Names(FlowNode.Choose(nodes, null, null)));
        Assert.Equal(("w3", "w2"), Names(FlowNode.Choose(nodes, "w3", null)));
        Assert.Equal(("w2", "cp"), Names(FlowNode.Choose(nodes, null, "cp")));
        Assert.Equal(("w3", "cp"), Names(FlowNode.Choose([nodes[0], nodes[3]], null, null)));
        Assert.Null(FlowNode.Choose([nodes[1]], null, null).Far);
        Assert.Equal("there is no ready node 'w1'; there are w2, w3, cp", Assert.Throws<FormatException>(() => FlowNode.Choose(nodes, "w1", null)).Message);
        Assert.Equal("no node is ready", Assert.Throws<FormatException>(() => FlowNode.Choose([nodes[2]], null, null)).Message);
    }

    private static (string, string?) Names((FlowNode Near, FlowNode? Far) pair) => (pair.Near.Name, pair.Far?.Name);

    private static V1Node Node(string name, string ready, string? label = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = label is null ? null : new Dictionary<string, string> { [label] = "" } },
        Spec = new V1NodeSpec(),
        Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }] },
    };
}
