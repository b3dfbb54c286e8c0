using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Label selectors of policies as text, of which names are made.</summary>
internal static class SelectorText
{
    /// <summary>A selector as text: equal for selectors that say the same.</summary>
    public static string Of(V1LabelSelector? selector)
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
}
