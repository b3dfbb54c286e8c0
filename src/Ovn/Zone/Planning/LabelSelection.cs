using k8s.Models;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Label selectors of policies.</summary>
internal static class LabelSelection
{
    /// <summary>Whether labels satisfy a selector; none selects everything.</summary>
    public static bool Matches(V1LabelSelector? selector, IDictionary<string, string>? labels) =>
        (selector?.MatchLabels ?? new Dictionary<string, string>()).All(l => Value(labels, l.Key) == l.Value) &&
        (selector?.MatchExpressions ?? []).All(e => e.OperatorProperty switch
        {
            "In" => Value(labels, e.Key) is { } value && e.Values.Contains(value),
            "NotIn" => Value(labels, e.Key) is not { } value || !e.Values.Contains(value),
            "Exists" => Value(labels, e.Key) is not null,
            "DoesNotExist" => Value(labels, e.Key) is null,
            _ => false,
        });

    /// <summary>A selector as text: equal for selectors that say the same.</summary>
    public static string Text(V1LabelSelector? selector)
    {
        var labels = (selector?.MatchLabels ?? new Dictionary<string, string>())
            .OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}: {l.Value},");
        var expressions = (selector?.MatchExpressions ?? [])
            .Select(e => $"LSR{{Key:{e.Key},Operator:{e.OperatorProperty},Values:[{string.Join(' ', (e.Values ?? []).Order(StringComparer.Ordinal))}],}}")
            .Order(StringComparer.Ordinal);
        return (string.Concat(labels), string.Join(',', expressions)) switch
        {
            ("", "") => "LS{}",
            (var ml, "") => $"LS{{ML:{{{ml}}},}}",
            ("", var me) => $"LS{{ME:{{{me}}},}}",
            var (ml, me) => $"LS{{ML:{{{ml}}},ME:{{{me}}},}}",
        };
    }

    private static string? Value(IDictionary<string, string>? labels, string key) =>
        labels is not null && labels.TryGetValue(key, out var value) ? value : null;
}
