using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>Which nodes a set means.</summary>
public static class NodeSelection
{
    private const string ControlPlane = "node-role.kubernetes.io/control-plane";

    /// <summary>
    /// Whether a set means a node. One that says nothing of nodes means those that take workloads: a node of the control plane that
    /// keeps them away is no DPU, and nothing would ever be ready there. A node that is not ready or cordoned keeps what it has.
    /// </summary>
    public static bool Means(V1LabelSelector? selector, V1Node node) =>
        selector is null or { MatchLabels: null or { Count: 0 }, MatchExpressions: null or { Count: 0 } }
            ? node.Spec?.Taints?.Any(t => t.Key == ControlPlane && t.Effect is "NoSchedule" or "NoExecute") != true
            : Matches(selector, node.Metadata.Labels);

    /// <summary>Whether labels satisfy a selector; a missing one selects everything.</summary>
    public static bool Matches(V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        labels ??= new Dictionary<string, string>();
        return selector is null ||
            (selector.MatchLabels ?? new Dictionary<string, string>()).All(l => Value(labels, l.Key) == l.Value) &&
            (selector.MatchExpressions ?? []).All(e => Matches(e, labels));
    }

    private static bool Matches(V1LabelSelectorRequirement requirement, IDictionary<string, string> labels)
    {
        var value = Value(labels, requirement.Key);
        return requirement.OperatorProperty switch
        {
            "In" => value is not null && requirement.Values?.Contains(value) == true,
            "NotIn" => value is null || requirement.Values?.Contains(value) != true,
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            var other => throw new FormatException(
                $"nodeSelector: '{other}' is no operator; use In, NotIn, Exists or DoesNotExist"),
        };
    }

    private static string? Value(IDictionary<string, string> labels, string key) =>
        labels.TryGetValue(key, out var value) ? value : null;
}
