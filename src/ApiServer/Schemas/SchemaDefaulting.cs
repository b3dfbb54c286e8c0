using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Schemas;

/// <summary>Fills in defaults and drops what a schema does not know.</summary>
public static class SchemaDefaulting
{
    private static readonly string[] ObjectFields = ["apiVersion", "kind", "metadata"];

    /// <summary>Fills in the defaults of missing fields, from the outside in.</summary>
    public static void Default(JsonNode? value, StructuralSchema schema)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, field) in schema.Properties)
                {
                    if (field.Default is not null && (!map.TryGetPropertyValue(name, out var now) || (now is null && !field.Nullable)))
                    {
                        map[name] = field.Default.DeepClone();
                    }

                    if (map.TryGetPropertyValue(name, out var child))
                    {
                        Default(child, field);
                    }
                }

                if (schema.AdditionalProperties is { } rest)
                {
                    foreach (var (name, child) in map)
                    {
                        if (!schema.Properties.ContainsKey(name))
                        {
                            Default(child, rest);
                        }
                    }
                }

                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list)
                {
                    Default(item, items);
                }

                break;
        }
    }

    /// <summary>Removes unknown fields; returns the paths of what was removed.</summary>
    public static List<string> Prune(JsonObject value, StructuralSchema schema)
    {
        var removed = new List<string>();
        Prune(value, schema, "", removed, isObject: true);
        return removed;
    }

    private static void Prune(JsonNode? value, StructuralSchema schema, string path, List<string> removed, bool isObject)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, child) in map.ToList())
                {
                    var at = path.Length == 0 ? name : $"{path}.{name}";
                    if (isObject && ObjectFields.Contains(name))
                    {
                        continue;
                    }

                    if (schema.Properties.TryGetValue(name, out var field))
                    {
                        Prune(child, field, at, removed, field.EmbeddedResource);
                    }
                    else if (schema.AdditionalProperties is { } rest)
                    {
                        Prune(child, rest, at, removed, rest.EmbeddedResource);
                    }
                    else if (!schema.PreserveUnknownFields)
                    {
                        map.Remove(name);
                        removed.Add(at);
                    }
                }

                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    Prune(list[i], items, $"{path}[{i}]", removed, items.EmbeddedResource);
                }

                break;
        }
    }

    /// <summary>Removes nulls where null is no value, as a client that writes <c>field: null</c> means it.</summary>
    public static void DropNulls(JsonNode? value, StructuralSchema schema)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, child) in map.ToList())
                {
                    var field = TypedField(schema, name);
                    if (child is null && field is { Nullable: false })
                    {
                        map.Remove(name);
                    }
                    else if (field is not null)
                    {
                        DropNulls(child, field);
                    }
                }

                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list)
                {
                    DropNulls(item, items);
                }

                break;
        }
    }

    private static StructuralSchema? TypedField(StructuralSchema schema, string name) =>
        schema.Properties.TryGetValue(name, out var field) ? field : schema.AdditionalProperties;
}
