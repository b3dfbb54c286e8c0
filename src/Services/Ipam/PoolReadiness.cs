using k8s.Models;

namespace Dpf.Services.Ipam;

/// <summary>Whether every node that a pool is for has its part: pure.</summary>
internal static class PoolReadiness
{
    /// <summary>Who has none; null when nobody lacks any.</summary>
    public static string? Problem(PoolSpec pool, PoolStatus? status, IEnumerable<V1Node> nodes)
    {
        var served = (status?.Allocations ?? []).Select(a => a.NodeName).ToHashSet();
        var missing = nodes.Where(n => Selects(pool.NodeSelector, n) && !served.Contains(n.Metadata.Name))
            .Select(n => n.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        return missing.Count == 0
            ? null
            : $"no addresses yet for {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? $" and {missing.Count - 5} more" : "")}";
    }

    /// <summary>Whether a selector means a node: one of its terms does, all of a term's requirements count.</summary>
    public static bool Selects(V1NodeSelector? selector, V1Node node) =>
        selector is null || (selector.NodeSelectorTerms ?? []).Any(term =>
            (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 }) &&
            (term.MatchExpressions ?? []).All(r => Satisfies(r, Label(node, r.Key))) &&
            (term.MatchFields ?? []).All(r => Satisfies(r, r.Key == "metadata.name" ? node.Metadata.Name : null)));

    private static string? Label(V1Node node, string key) =>
        node.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;

    private static bool Satisfies(V1NodeSelectorRequirement requirement, string? value) => requirement.OperatorProperty switch
    {
        "In" => value is not null && requirement.Values?.Contains(value) == true,
        "NotIn" => value is null || requirement.Values?.Contains(value) != true,
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, requirement.Values) > 0,
        "Lt" => Compare(value, requirement.Values) < 0,
        _ => false,
    };

    private static int Compare(string? value, IList<string>? bound) =>
        long.TryParse(value, out var number) && bound is [var text] && long.TryParse(text, out var limit) ? number.CompareTo(limit) : 0;
}
