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
            pair => KeyValuePair.Create((pair.Key as YamlScalarNode)?.Value ?? "", Convert(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };

    // YAML 1.1, as kubectl reads it: 0644 is octal, which the modes of volumes rely on.
    private static long? Prefixed(string text)
    {
        if (text.Length < 2 || text[0] != '0' || text.Length > 16)
        {
            return null;
        }

        var (radix, digits) = text[1] switch { 'x' => (16, text[2..]), 'o' => (8, text[2..]), 'b' => (2, text[2..]), _ => (8, text[1..]) };
        var allowed = "0123456789abcdef".AsSpan(0, radix);
        return digits.Length > 0 && digits.ToLowerInvariant().AsSpan().IndexOfAnyExcept(allowed) < 0
            ? System.Convert.ToInt64(digits, radix)
            : null;
    }

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "null" or "~" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => JsonValue.Create(true),
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => JsonValue.Create(false),
        _ when Prefixed(text) is { } number => JsonValue.Create(number),
        _ when long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var whole) => JsonValue.Create(whole),
        _ when (text.Contains('.', StringComparison.Ordinal) || text.Contains('e', StringComparison.OrdinalIgnoreCase)) &&
            double.TryParse(text, System.Globalization.NumberStyles.Float, null, out var real) => JsonValue.Create(real),
        _ => JsonValue.Create(text),
    };
}
