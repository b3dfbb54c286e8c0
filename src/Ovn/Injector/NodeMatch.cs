using System.Text.Json.Nodes;
using Dpf.Runtime.Selecting;
using k8s;
using k8s.Models;

namespace Dpf.Ovn.Injector;

/// <summary>A node as the scheduler's rules see it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels.</param>
public sealed record CandidateNode(string Name, IReadOnlyDictionary<string, string> Labels);

/// <summary>Whether a pod may land on a node, by its node name, node selector and required node affinity.</summary>
public static class NodeMatch
{
    /// <summary>Whether it may. What a scheduler also looks at (taints, resources) comes and goes, and does not count.</summary>
    public static bool MayLandOn(JsonObject spec, CandidateNode node)
    {
        if ((string?)spec["nodeName"] is { Length: > 0 } name && name != node.Name)
        {
            return false;
        }

        if (spec["nodeSelector"] is JsonObject selector &&
            !selector.All(s => node.Labels.TryGetValue(s.Key, out var value) && value == (string?)s.Value))
        {
            return false;
        }

        // Terms are alternatives; without any the affinity asks for nothing.
        return Terms(spec) is not { Count: > 0 } terms || terms.Any(term =>
            KubernetesJson.Deserialize<V1NodeSelectorTerm>(term.ToJsonString()).Selects(node.Name, key => node.Labels.GetValueOrDefault(key)));
    }

    /// <summary>The terms of the required node affinity.</summary>
    public static IReadOnlyList<JsonObject> Terms(JsonObject spec) =>
    [
        .. (spec["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]?["nodeSelectorTerms"] as JsonArray ?? [])
            .OfType<JsonObject>(),
    ];
}
