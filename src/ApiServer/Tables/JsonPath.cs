using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The part of JSONPath that printer columns use: fields, also at any depth (<c>..name</c>), indexes, <c>[*]</c> and <c>[?(@.type=="Ready")]</c>.</summary>
internal static partial class JsonPath
{
    /// <summary>The values at a path such as <c>.status.conditions[?(@.type=="Ready")].status</c>.</summary>
    public static IEnumerable<JsonNode?> Select(JsonNode? value, string path)
    {
        IEnumerable<JsonNode?> nodes = [value];
        foreach (Match step in Step().Matches(path))
        {
            if (step.Groups["deep"].Success)
            {
                nodes = nodes.SelectMany(n => Deep(n, step.Groups["deep"].Value));
                continue;
            }

            if (step.Groups["field"].Success)
            {
                var name = step.Groups["field"].Value.Replace("\\.", ".", StringComparison.Ordinal);
                nodes = nodes.Select(n => n is JsonObject map && map.TryGetPropertyValue(name, out var child) ? child : null);
            }
            else if (step.Groups["key"].Success)
            {
                var (field, wanted) = (step.Groups["key"].Value, step.Groups["value"].Value);
                nodes = nodes.SelectMany(n => n is JsonArray list ? list.Where(i => i.At(field.Split('.'))?.ToString() == wanted) : []);
            }
            else if (step.Groups["index"].Success)
            {
                var index = step.Groups["index"].Value;
                nodes = nodes.SelectMany(n => n is not JsonArray list ? []
                    : index == "*" ? list
                    : int.Parse(index, System.Globalization.CultureInfo.InvariantCulture) is var i && i < list.Count ? [list[i]] : []);
            }
        }

        return nodes.Where(n => n is not null);
    }

    private static IEnumerable<JsonNode?> Deep(JsonNode? node, string name) => node switch
    {
        JsonObject map => map.SelectMany(f => f.Key == name ? Deep(f.Value, name).Prepend(f.Value) : Deep(f.Value, name)),
        JsonArray list => list.SelectMany(i => Deep(i, name)),
        _ => [],
    };

    [GeneratedRegex(@"\.\.(?<deep>[^.\[\\]+)|\.(?<field>(?:[^.\[\\]|\\.)+)|\[\?\(@\.(?<key>[\w.]+)\s*==\s*[""'](?<value>[^""']*)[""']\)\]|\[(?<index>\*|\d+)\]|\[['""](?<field>[^'""]+)['""]\]", RegexOptions.ExplicitCapture)]
    private static partial Regex Step();
}
