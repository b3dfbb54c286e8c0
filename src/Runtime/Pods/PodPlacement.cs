using k8s.Models;

namespace Dpf.Runtime.Pods;

/// <summary>Pods that are made for one node, which the scheduler binds, or not, as it does those of a DaemonSet.</summary>
public static class PodPlacement
{
    private const string Name = "metadata.name";

    /// <summary>What lets a pod run on one node only, by the node's name.</summary>
    public static V1NodeSelector OnlyOn(string node) => new()
    {
        NodeSelectorTerms =
        [
            new V1NodeSelectorTerm
            {
                MatchFields = [new V1NodeSelectorRequirement { Key = Name, OperatorProperty = "In", Values = [node] }],
            },
        ],
    };

    /// <summary>The name of the node that a pod is on, or is made for while no node takes it; null for none.</summary>
    public static string? PlaceOf(V1Pod pod) => pod.Spec.NodeName is { Length: > 0 } node ? node
        : pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms?
            .SelectMany(t => t.MatchFields ?? []).FirstOrDefault(f => f.Key == Name)?.Values?.FirstOrDefault();
}
