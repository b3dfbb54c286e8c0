using System.Text.Json.Nodes;
using Dpf.Api.Schemas;

namespace Dpf.Lab.Addons.Features;

/// <summary>From features and rules to labels: pure.</summary>
internal static class FeatureLabels
{
    /// <summary>The prefix of every label.</summary>
    public const string Prefix = "feature.node.kubernetes.io/";

    /// <summary>The labels of a node: those its worker named, and those of the rules that match.</summary>
    public static SortedDictionary<string, string> Of(Anything feature, IEnumerable<Anything> rules)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(labels, feature["labels"]);
        foreach (var rule in rules.SelectMany(r => r["rules"]?.AsArray().OfType<JsonObject>() ?? []))
        {
            if (rule["matchFeatures"]?.AsArray().OfType<JsonObject>().All(m => Matches(feature, m)) == true)
            {
                Add(labels, rule["labels"]);
            }
        }

        return labels;
    }

    /// <summary>The lines of a local feature file: <c>name=value</c> or <c>name</c>, comments and blank lines aside.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Parse(string file)
    {
        foreach (var line in file.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);

            // A bare name is a flag; a name with an equals sign has that value, even an empty one.
            yield return at < 0 ? new(line, "true") : new(line[..at], line[(at + 1)..]);
        }
    }

    private static void Add(SortedDictionary<string, string> labels, JsonNode? source)
    {
        foreach (var (name, value) in source as JsonObject ?? [])
        {
            labels[name.Contains('/', StringComparison.Ordinal) ? name : Prefix + name] = (string?)value ?? "";
        }
    }

    private static bool Matches(Anything feature, JsonObject match)
    {
        var elements = (feature["features"] as JsonObject)?["instances"]?[(string)match["feature"]!]?["elements"]?.AsArray();
        var expressions = match["matchExpressions"] as JsonObject ?? [];
        return elements?.Any(e => expressions.All(x => Matches(e!["attributes"]?[x.Key], x.Value!))) == true;
    }

    private static bool Matches(JsonNode? attribute, JsonNode expression)
    {
        var value = (string?)attribute;
        var values = expression["value"]?.AsArray().Select(v => (string?)v).ToList() ?? [];
        return (string?)expression["op"] switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is not null && !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
