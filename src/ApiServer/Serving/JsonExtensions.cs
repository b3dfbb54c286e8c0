using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Serving;

/// <summary>Short ways around in objects.</summary>
public static class JsonExtensions
{
    /// <summary>The text at a path of fields, or null.</summary>
    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The whole number at a path of fields, or null.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? value.TryGetValue<long>(out var whole) ? whole
            : value.TryGetValue<int>(out var small) ? small
            : (long)value.GetValue<double>()
            : null;

    /// <summary>Whether true is at a path of fields.</summary>
    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    /// <summary>The node at a path of fields, or null.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = node is JsonObject map && map.TryGetPropertyValue(step, out var next) ? next : null;
            if (node is null)
            {
                return null;
            }
        }

        return node;
    }

    /// <summary>The object at a field, made if it is not there.</summary>
    public static JsonObject Map(this JsonObject node, string field)
    {
        if (node[field] is JsonObject map)
        {
            return map;
        }

        var made = new JsonObject();
        node[field] = made;
        return made;
    }

    /// <summary>The objects of the list at a path of fields; none if it is not there.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    /// <summary>The texts of the list at a path of fields; none if it is not there.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.Select(n => n.Text()).OfType<string>() : [];

    /// <summary>Sets a field that is not there (or null).</summary>
    public static void Default(this JsonObject node, string field, JsonNode? value)
    {
        if (node[field] is null)
        {
            node[field] = value;
        }
    }

    /// <summary>A copy.</summary>
    public static JsonObject Copy(this JsonObject node) => (JsonObject)node.DeepClone();

    /// <summary>The object's name.</summary>
    public static string Name(this JsonNode? node) => node.Text("metadata", "name") ?? "";

    /// <summary>The object's namespace.</summary>
    public static string Namespace(this JsonNode? node) => node.Text("metadata", "namespace") ?? "";
}
