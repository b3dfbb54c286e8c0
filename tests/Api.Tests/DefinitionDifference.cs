using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Api.Tests;

/// <summary>One thing that our definition of a kind says differently from the original.</summary>
/// <param name="Path">
/// The place: a part of the definition (<c>scope</c>, <c>names.shortNames</c>, <c>columns[Age]</c>), or a field of the object
/// (<c>[]</c> for a list's items, <c>{}</c> for a map's values), a colon, and the schema's keyword.
/// </param>
/// <param name="What"><c>added X</c>, <c>dropped X</c> or <c>X instead of Y</c>, X and Y being JSON.</param>
internal sealed record DefinitionDifference(string Path, string What)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // These are sets; all other lists, rules among them, have an order.
    private static readonly string[] Sets = ["required", "enum", "shortNames", "categories"];

    /// <summary>All differences in what two definitions mean: descriptions, marks of generators and the order of sets mean nothing.</summary>
    public static IEnumerable<DefinitionDifference> Between(JsonObject original, JsonObject ours)
    {
        var (theirSpec, ourSpec) = (original["spec"]!.AsObject(), ours["spec"]!.AsObject());
        var (theirVersion, ourVersion) = (OnlyVersion(theirSpec), OnlyVersion(ourSpec));
        return
        [
            .. Leaf("name", original["metadata"]!["name"], ours["metadata"]!["name"]),
            .. Each("annotations.", Annotations(original), Annotations(ours), Leaf),
            .. Each("names.", theirSpec["names"]!.AsObject(), ourSpec["names"]!.AsObject(), Leaf),
            .. Each("", Without(theirSpec, "names", "versions"), Without(ourSpec, "names", "versions"), Leaf),
            .. Each("version.", Without(theirVersion, "schema", "subresources", "additionalPrinterColumns"), Without(ourVersion, "schema", "subresources", "additionalPrinterColumns"), Leaf),
            .. Each("subresources.", theirVersion["subresources"] as JsonObject ?? [], ourVersion["subresources"] as JsonObject ?? [], Leaf),
            .. Columns(theirVersion["additionalPrinterColumns"] as JsonArray ?? [], ourVersion["additionalPrinterColumns"] as JsonArray ?? []),
            .. Schemas("", theirVersion["schema"]!["openAPIV3Schema"], ourVersion["schema"]!["openAPIV3Schema"]),
        ];
    }

    private static JsonObject OnlyVersion(JsonObject spec) => Assert.Single(spec["versions"]!.AsArray())!.AsObject();

    private static JsonObject Annotations(JsonObject definition) =>
        Without(definition["metadata"]!["annotations"] as JsonObject ?? [], "controller-gen.kubebuilder.io/version");

    private static JsonObject Without(JsonObject map, params string[] keys) =>
        new(map.Where(p => !keys.Contains(p.Key)).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));

    private static IEnumerable<DefinitionDifference> Each(
        string prefix, JsonObject original, JsonObject ours, Func<string, JsonNode?, JsonNode?, IEnumerable<DefinitionDifference>> compare) =>
        original.Select(p => p.Key).Union(ours.Select(p => p.Key)).SelectMany(key => compare(prefix + key, original[key], ours[key]));

    // A column is known by its name; of those that both have, the order counts as well.
    private static IEnumerable<DefinitionDifference> Columns(JsonArray original, JsonArray ours)
    {
        static JsonObject ByName(JsonArray columns) => new(columns.Select(c => KeyValuePair.Create((string)c!["name"]! + "]", (JsonNode?)Without(c.AsObject(), "name", "description"))));
        var (theirs, own) = (ByName(original), ByName(ours));
        JsonArray Shared(JsonObject columns) => [.. columns.Select(c => c.Key.TrimEnd(']')).Where(n => theirs.ContainsKey(n + "]") && own.ContainsKey(n + "]"))];
        return [.. Each("columns[", theirs, own, Leaf), .. Leaf("columns", Shared(theirs), Shared(own))];
    }

    private static IEnumerable<DefinitionDifference> Schemas(string path, JsonNode? original, JsonNode? ours)
    {
        if (original is not JsonObject theirs || ours is not JsonObject own)
        {
            return Leaf(path, original, ours);
        }

        return Each("", theirs, own, (keyword, a, b) => keyword switch
        {
            "description" => [],
            "properties" => Each(path.Length == 0 ? "" : path + ".", a as JsonObject ?? [], b as JsonObject ?? [], Schemas),
            "items" => Schemas(path + "[]", a, b),
            "additionalProperties" => Schemas(path + "{}", a, b),
            _ => Leaf($"{path}:{keyword}", a, b),
        });
    }

    private static IEnumerable<DefinitionDifference> Leaf(string path, JsonNode? original, JsonNode? ours)
    {
        var set = Sets.Contains(path.Split('.', ':')[^1]);
        var (theirs, own) = (Text(original, set), Text(ours, set));
        return theirs == own ? [] : [new(path, theirs is null ? $"added {own}" : own is null ? $"dropped {theirs}" : $"{own} instead of {theirs}")];
    }

    private static string? Text(JsonNode? value, bool set = false) => value switch
    {
        null => null,
        JsonObject map => "{" + string.Join(",", map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"\"{p.Key}\":{Text(p.Value) ?? "null"}")) + "}",
        JsonArray list when set => Text(new JsonArray([.. list.OrderBy(i => Text(i), StringComparer.Ordinal).Select(i => i?.DeepClone())])),
        JsonArray list => "[" + string.Join(",", list.Select(i => Text(i) ?? "null")) + "]",
        _ => value.ToJsonString(Readable),
    };
}
