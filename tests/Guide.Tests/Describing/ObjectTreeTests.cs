using System.Text.Json.Nodes;
using Dpf.Guide.Describing;

namespace Dpf.Guide.Tests.Describing;

public sealed class ObjectTreeTests
{
    private static readonly ClusterObject[] Sample =
    [
        Object(null, "DPFOperatorConfig", "ns", "config"),
        Object(null, "Deployment", "ns", "manager", """{"dpu.nvidia.com/component":"provisioning-controller"}""", status: """{"replicas":1}"""),
        Object(null, "ReplicaSet", "ns", "manager-1", owner: ("Deployment", "manager")),
        Object(null, "Pod", "ns", "manager-1-a", owner: ("ReplicaSet", "manager-1"), status: """{"phase":"Pending"}"""),
        Object(null, "Pod", "ns", "stranger", status: """{"phase":"Pending"}"""),
        Object(null, "DPUDeployment", "ns", "dep"),
        Object(null, "DPUSet", "ns", "set", """{"svc.dpu.nvidia.com/owned-by-dpudeployment":"ns_dep"}"""),
        Object(null, "DPU", "ns", "dpu1", """{"provisioning.dpu.nvidia.com/dpuset-name":"set","provisioning.dpu.nvidia.com/dpuset-namespace":"ns"}""", status: """{"phase":"Ready"}"""),
        Object("c1", "Node", null, "dpu1"),
        Object(null, "DPUService", "ns", "svc", owner: ("DPUDeployment", "dep")),
        Object(null, "Application", "argo", "c1-svc", """{"dpu.nvidia.com/dpuservice-name":"svc","dpu.nvidia.com/dpuservice-namespace":"ns"}"""),
        Object("c1", "DaemonSet", "ns", "svc", """{"argocd.argoproj.io/instance":"c1-svc"}"""),
        Object(null, "DPUServiceInterface", "ns", "p0"),
        Object("c1", "ServiceInterfaceSet", "ns", "p0"),
        Object("c1", "ServiceInterface", "ns", "p0-dpu1", owner: ("ServiceInterfaceSet", "p0")),
    ];

    [Fact]
    public void WhatBelongsTogetherIsTogetherAcrossNamespacesAndClusters() => Assert.Equal(
        """
        DPFOperatorConfig config
          Deployment manager
            Pod manager-1-a
        DPUDeployment dep
          DPUSet set
            DPU dpu1
              Node dpu1 in c1
          DPUService svc
            Application c1-svc
              DaemonSet svc in c1
        DPUServiceInterface p0
          ServiceInterfaceSet p0 in c1
            ServiceInterface p0-dpu1 in c1

        """,
        Text(ObjectTree.Build(Sample)));

    [Fact]
    public void OnlyTheBranchesWithIssuesRemainAndTheCauseSaysWhatToDo()
    {
        var issues = ObjectTree.Build(Sample).Select(root => root.OnlyIssues()).OfType<ObjectNode>().ToList();
        Assert.Equal(["DPFOperatorConfig", "DPUDeployment"], issues.Select(root => root.Object.Kind));
        var manager = issues[0].Children.Single();
        Assert.True(manager.IsIssue);
        Assert.Null(manager.Next);
        Assert.Equal("kubectl -n ns describe pod manager-1-a: its last event says what it waits for", manager.Children.Single().Next);
        Assert.Equal("kubectl -n argo describe application c1-svc; a chart that cannot be fetched is named in its conditions", issues[1].Children.Single().Children.Single().Next);
    }

    [Theory]
    [InlineData("dpu", 1)]
    [InlineData("DPUs", 1)]
    [InlineData("dpus.provisioning.dpu.nvidia.com", 1)]
    [InlineData("serviceinterface", 1)]
    [InlineData("dpusets", 1)]
    [InlineData("svcif", 1)]
    [InlineData("SvcIf", 1)]
    [InlineData("nonsense", 0)]
    public void AKindIsFoundByWhatKubectlTakes(string kind, int count) => Assert.Equal(count, ObjectTree.Find(ObjectTree.Build(Sample), kind, null).Count());

    [Fact]
    public void OwnersInALoopEndTheTree()
    {
        var roots = ObjectTree.Build(
        [
            Object(null, "DPUService", "ns", "root"), Object(null, "DPUService", "ns", "a", owner: ("DPUService", "b")), Object(null, "DPUService", "ns", "b", owner: ("DPUService", "a")),
        ]);
        Assert.Equal("root", Assert.Single(roots).Object.Name);
    }

    private static string Text(IEnumerable<ObjectNode> nodes, string indent = "") => string.Concat(nodes.Select(node =>
        $"{indent}{node.Object.Kind} {node.Object.Name}{(node.Object.Cluster is { } c ? " in " + c : "")}\n{Text(node.Children, indent + "  ")}"));

    private static ClusterObject Object(
        string? cluster, string kind, string? ns, string name, string labels = "{}", (string Kind, string Name)? owner = null, string? status = null)
    {
        var metadata = new JsonObject { ["namespace"] = ns, ["name"] = name, ["labels"] = JsonNode.Parse(labels) };
        if (owner is var (ownerKind, ownerName))
        {
            metadata["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = ownerKind, ["name"] = ownerName });
        }

        var value = new JsonObject { ["kind"] = kind, ["metadata"] = metadata };
        if (status is not null)
        {
            value["status"] = JsonNode.Parse(status);
        }

        return new ClusterObject(cluster, value);
    }
}
