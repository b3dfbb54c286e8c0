using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Schemas;

/// <summary>
/// Reads an object as Kubernetes' own types do: null is as if it were not there, what is unknown falls away, and what has another
/// type than it should have is refused, before anybody looks at what it says.
/// </summary>
internal static class SchemaDecoding
{
    /// <summary>Brings an object into the shape of its type; returns the paths of what was unknown.</summary>
    /// <exception cref="FormatException">A field has another type; the message names it as Kubernetes does.</exception>
    public static List<string> Read(JsonObject value, StructuralSchema schema, string path = "")
    {
        var unknown = new List<string>();
        ReadMap(value, schema, new Place(path, path, schema.TypeName), unknown);
        return unknown;
    }

    private static void ReadMap(JsonObject map, StructuralSchema schema, Place place, List<string> unknown)
    {
        foreach (var (name, child) in map.ToList())
        {
            var field = schema.Properties.TryGetValue(name, out var known) ? known : schema.AdditionalProperties;
            if (field is null)
            {
                if (!schema.PreserveUnknownFields && !(place.Path.Length == 0 && name is "apiVersion" or "kind"))
                {
                    map.Remove(name);
                    unknown.Add(place.Into(name, null).Path);
                }
            }
            else if (child is null)
            {
                map.Remove(name);
            }
            else
            {
                ReadNode(child, field, place.Into(name, schema.TypeName), unknown);
            }
        }
    }

    private static void ReadNode(JsonNode value, StructuralSchema schema, Place place, List<string> unknown)
    {
        if (!Fits(value.GetValueKind(), schema))
        {
            throw new FormatException($"json: cannot unmarshal {Word(value)} into Go struct field {place.Struct}.{place.Fields} of type {GoType(schema)}");
        }

        switch (value)
        {
            case JsonObject map:
                ReadMap(map, schema, place, unknown);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is { } item)
                    {
                        ReadNode(item, items, place with { Path = $"{place.Path}[{i}]" }, unknown);
                    }
                }

                break;
        }
    }

    private static bool Fits(JsonValueKind kind, StructuralSchema schema) => (schema.IntOrString ? "int-or-string" : schema.Type) switch
    {
        "string" => kind == JsonValueKind.String,
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "integer" or "number" => kind == JsonValueKind.Number,
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        "int-or-string" => kind is JsonValueKind.Number or JsonValueKind.String,
        _ => true,
    };

    private static string Word(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static string GoType(StructuralSchema schema) => schema switch
    {
        { IntOrString: true } => "intstr.IntOrString",
        { Type: "array" } => "[]" + (schema.Items is { } items ? GoType(items) : "interface {}"),
        { AdditionalProperties: { } rest } => "map[string]" + GoType(rest),
        { TypeName: { } name } => name[(name.LastIndexOf('/') + 1)..],
        { Type: "integer" } => schema.Format ?? "int64",
        { Type: "boolean" } => "bool",
        { Type: "number" } => "float64",
        _ => schema.Type ?? "interface {}",
    };

    /// <summary>Where a value stands.</summary>
    /// <param name="Path">For people, with the numbers of elements.</param>
    /// <param name="Fields">The names of the fields alone.</param>
    /// <param name="Type">The type that has the last field.</param>
    private sealed record Place(string Path, string Fields, string? Type)
    {
        public string Struct => Type?[(Type.LastIndexOf('.') + 1)..] ?? "";

        public Place Into(string name, string? type) =>
            new(Path.Length == 0 ? name : $"{Path}.{name}", Fields.Length == 0 ? name : $"{Fields}.{name}", type ?? Type);
    }
}
