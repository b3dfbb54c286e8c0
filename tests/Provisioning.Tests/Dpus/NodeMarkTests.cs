using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus.Effects;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class NodeMarkTests
{
    private static readonly NodeEffect Taint = new() { Taint = new DpuTaint { Key = "dpu", Value = "provisioning", Effect = "NoSchedule" } };

    [Fact]
    public void ATaintIsAddedOnceAndExactlyItIsTakenAway()
    {
        var node = Node(new V1Taint { Key = "dpu", Effect = "NoExecute" });
        node = Patched(node, NodeMark.Apply(node, Taint)!);
        Assert.Equal(2, node.Spec.Taints.Count);
        Assert.Null(NodeMark.Apply(node, Taint));
        node = Patched(node, NodeMark.Undo(node)!);
        Assert.Equal("NoExecute", Assert.Single(node.Spec.Taints).Effect);
        Assert.Null(NodeMark.Undo(node));
    }

    [Fact]
    public void ATaintThatWasThereBeforeStays()
    {
        var node = Node(new V1Taint { Key = "dpu", Value = "provisioning", Effect = "NoSchedule" });
        Assert.Null(NodeMark.Apply(node, Taint));
        Assert.Null(NodeMark.Undo(node));
    }

    [Fact]
    public void ATaintThatMadeRoomIsPutBack()
    {
        var node = Node(new V1Taint { Key = "dpu", Value = "theirs", Effect = "NoSchedule" }, new V1Taint { Key = "other", Effect = "NoSchedule" });
        node = Patched(node, NodeMark.Apply(node, Taint)!);
        Assert.Equal(["other=", "dpu=provisioning"], Taints(node));

        // An effect that changes replaces what is provisioning's own: that is not put back.
        node = Patched(node, NodeMark.Apply(node, new NodeEffect { Taint = new DpuTaint { Key = "dpu", Value = "another", Effect = "NoSchedule" } })!);
        Assert.Equal(["other=", "dpu=another"], Taints(node));
        node = Patched(node, NodeMark.Undo(node)!);
        Assert.Equal(["other=", "dpu=theirs"], Taints(node));
        Assert.Null(NodeMark.Undo(node));
    }

    [Fact]
    public void ATaintThatSomebodyChangedMeanwhileStaysAsItIs()
    {
        var node = Node(new V1Taint { Key = "dpu", Value = "theirs", Effect = "NoSchedule" });
        node = Patched(node, NodeMark.Apply(node, Taint)!);
        node.Spec.Taints = [new V1Taint { Key = "dpu", Value = "newer", Effect = "NoSchedule" }];
        node = Patched(node, NodeMark.Undo(node)!);
        Assert.Equal(["dpu=newer"], Taints(node));
    }

    [Fact]
    public void TheTaintsOfAHostAreThoseOfItsMarkAndOfItsDpusEffects()
    {
        var another = new NodeEffect { Taint = new DpuTaint { Key = "another", Effect = "NoExecute" } };
        Assert.Equal([new NodeMark.MarkedTaint("another", "", "NoExecute")], NodeMark.TaintsOf(null, [another, null, new NodeEffect { NoEffect = true }, another]));
        var node = Node(new V1Taint { Key = "theirs", Effect = "NoSchedule" });
        node = Patched(node, NodeMark.Apply(node, Taint)!);
        Assert.Equal(
            [new NodeMark.MarkedTaint("another", "", "NoExecute"), new NodeMark.MarkedTaint("dpu", "provisioning", "NoSchedule")],
            NodeMark.TaintsOf(node, [another]));
    }

    [Fact]
    public void LabelsGetTheirOldValuesBack()
    {
        var node = Node();
        node.Metadata.Labels = new Dictionary<string, string> { ["a"] = "old", ["same"] = "x" };
        var effect = new NodeEffect { CustomLabel = new Dictionary<string, string> { ["a"] = "new", ["b"] = "new", ["same"] = "x" } };
        node = Patched(node, NodeMark.Apply(node, effect)!);
        Assert.Equal("new", node.Metadata.Labels["a"]);
        Assert.Equal("new", node.Metadata.Labels["b"]);
        node = Patched(node, NodeMark.Undo(node)!);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "old", ["same"] = "x" }, node.Metadata.Labels);
    }

    [Fact]
    public void EveryPatchIsOfTheNodeThatWasSeen() =>
        Assert.Equal("7", (string)NodeMark.Apply(Node(), Taint)!["metadata"]!["resourceVersion"]!);

    private static IEnumerable<string> Taints(V1Node node) => node.Spec.Taints.Select(t => $"{t.Key}={t.Value}");

    private static V1Node Node(params V1Taint[] taints) =>
        new() { Metadata = new V1ObjectMeta { Name = "worker1", ResourceVersion = "7" }, Spec = new V1NodeSpec { Taints = [.. taints] } };

    /// <summary>RFC 7386, as an API server does it.</summary>
    private static V1Node Patched(V1Node node, JsonObject patch)
    {
        var value = JsonNode.Parse(KubernetesJson.Serialize(node))!.AsObject();
        Merge(value, patch);
        return KubernetesJson.Deserialize<V1Node>(value.ToJsonString());
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null)
            {
                target.Remove(key);
            }
            else if (value is JsonObject inner)
            {
                if (target[key] is not JsonObject child)
                {
                    target[key] = child = [];
                }

                Merge(child, inner);
            }
            else
            {
                target[key] = value.DeepClone();
            }
        }
    }
}
