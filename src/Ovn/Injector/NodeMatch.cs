using System.Globalization;
using System.Text.Json.Nodes;

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
        return Terms(spec) is not { Count: > 0 } terms || terms.Any(term => Matches(term, node));
    }

    /// <summary>The terms of the required node affinity.</summary>
    public static IReadOnlyList<JsonObject> Terms(JsonObject spec) =>
    [
        .. (spec["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]?["nodeSelectorTerms"] as JsonArray ?? [])
            .OfType<JsonObject>(),
    ];

    private static bool Matches(JsonObject term, CandidateNode node)
    {
        var expressions = (term["matchExpressions"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var fields = (term["matchFields"] as JsonArray ?? []).OfType<JsonObject>().ToList();

        // An empty term matches nothing.
        return expressions.Count + fields.Count > 0 &&
            expressions.All(e => Holds(e, node.Labels.GetValueOrDefault((string?)e["key"] ?? ""))) &&
            fields.All(f => (string?)f["key"] == "metadata.name" && Holds(f, node.Name));
    }

    private static bool Holds(JsonObject requirement, string? value)
    {
        var values = (requirement["values"] as JsonArray ?? []).Select(v => (string?)v).ToList();
        return (string?)requirement["operator"] switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is null || !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => Number(value) is { } left && Number(values.FirstOrDefault()) is { } right && left > right,
            "Lt" => Number(value) is { } left && Number(values.FirstOrDefault()) is { } right && left < right,
            _ => false,
        };
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
