using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>Label selectors of nodes.</summary>
public static class NodeSelection
{
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
