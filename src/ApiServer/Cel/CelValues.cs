using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;

namespace Dpf.ApiServer.Cel;

/// <summary>Values of objects as expressions see them.</summary>
internal static class CelValues
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
        "package", "namespace", "return", "var", "void", "while",
    };

    /// <summary>A value; fields that the schema knows have names that an expression can select.</summary>
    public static object? Of(JsonNode? value, StructuralSchema? schema) => value switch
    {
        JsonObject map => map.ToDictionary(
            f => schema?.Properties.ContainsKey(f.Key) == true ? Escaped(f.Key) : f.Key,
            f => Of(f.Value, schema?.Properties.TryGetValue(f.Key, out var field) == true ? field : schema?.AdditionalProperties),
            StringComparer.Ordinal),
        JsonArray list => list.Select(item => Of(item, schema?.Items)).ToList(),
        JsonValue scalar => scalar.GetValueKind() switch
        {
            JsonValueKind.String => scalar.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => schema?.Type != "number" && JsonElementOf(scalar).TryGetInt64(out var whole) ? whole : JsonElementOf(scalar).GetDouble(),
            _ => null,
        },
        _ => null,
    };

    /// <summary>A field's name as an identifier of the language (Kubernetes' rules for CRDs).</summary>
    public static string Escaped(string field) => Reserved.Contains(field)
        ? $"__{field}__"
        : field.Replace("__", "__underscores__", StringComparison.Ordinal).Replace(".", "__dot__", StringComparison.Ordinal)
            .Replace("-", "__dash__", StringComparison.Ordinal).Replace("/", "__slash__", StringComparison.Ordinal);

    private static JsonElement JsonElementOf(JsonValue scalar) =>
        scalar.TryGetValue<JsonElement>(out var element) ? element : JsonSerializer.SerializeToElement(scalar);
}
