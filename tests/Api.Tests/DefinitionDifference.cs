using System.Text.Json.Nodes;

namespace Dpf.Api.Tests;

/// <summary>Where two CustomResourceDefinitions differ in what they mean: descriptions and generators' marks left out.</summary>
internal static class DefinitionDifference
{
    private const string Schema = "spec.versions.0.schema.openAPIV3Schema";

    public static IEnumerable<string> Between(JsonObject original, JsonObject ours) =>
        Compare("", original, ours).Where(p => p != "status" && !p.StartsWith("metadata.annotations", StringComparison.Ordinal)).Select(Readable);

    // A field of the object, where the schema says something of one.
    private static string Readable(string path) => path.StartsWith(Schema + ".properties.", StringComparison.Ordinal)
        ? path[(Schema.Length + ".properties.".Length)..].Replace(".properties.", ".", StringComparison.Ordinal)
        : path == Schema + ".required" ? "required" : path;

    private static IEnumerable<string> Compare(string path, JsonNode? a, JsonNode? b)
    {
        switch (a, b)
        {
            case (JsonObject x, JsonObject y):
                return x.Select(p => p.Key).Union(y.Select(p => p.Key)).Where(key => key != "description" || IsField(path))
                    .SelectMany(key => Compare(path.Length == 0 ? key : $"{path}.{key}", x[key], y[key]));
            case (JsonArray x, JsonArray y) when x.Count == y.Count && x.Concat(y).All(i => i is JsonObject):
                return x.Zip(y).SelectMany((pair, i) => Compare($"{path}.{i}", pair.First, pair.Second));
            case (JsonArray x, JsonArray y) when x.Select(i => i!.ToJsonString()).ToHashSet(StringComparer.Ordinal).SetEquals(y.Select(i => i!.ToJsonString())):
                return [];
            default:
                return JsonNode.DeepEquals(a, b) ? [] : [path];
        }
    }

    // A field of the name "description" is no description.
    private static bool IsField(string path) => path.EndsWith(".properties", StringComparison.Ordinal);
}
