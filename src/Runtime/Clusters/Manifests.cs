using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dpf.Runtime.Clusters;

/// <summary>Reads Kubernetes objects from YAML.</summary>
public static class Manifests
{
    /// <summary>The objects of a stream of documents, in order; empty documents are skipped.</summary>
    /// <exception cref="FormatException">Not YAML, or a document that is no object; says where.</exception>
    public static IReadOnlyList<JsonObject> Parse(string yaml, string source)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new FormatException($"{source}:{e.Start.Line}: {e.Message}", e);
        }

        var objects = new List<JsonObject>();
        foreach (var document in stream.Documents)
        {
            var node = Convert(document.RootNode);
            if (node is null)
            {
                continue;
            }

            if (node is not JsonObject value || value["kind"] is null || value["apiVersion"] is null || value["metadata"]?["name"] is null)
            {
                throw new FormatException(
                    $"{source}:{document.RootNode.Start.Line}: a Kubernetes object needs apiVersion, kind and metadata.name");
            }

            objects.Add(value);
        }

        return objects;
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(
            pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value ?? "", Convert(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "null" or "~" or "Null" or "NULL" => null,
        "true" or "True" => JsonValue.Create(true),
        "false" or "False" => JsonValue.Create(false),
        _ when long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var whole) => JsonValue.Create(whole),
        _ when (text.Contains('.', StringComparison.Ordinal) || text.Contains('e', StringComparison.OrdinalIgnoreCase)) &&
            double.TryParse(text, System.Globalization.NumberStyles.Float, null, out var real) => JsonValue.Create(real),
        _ => JsonValue.Create(text),
    };
}
