using Dpf.ApiServer.Schemas;

namespace Dpf.ApiServer.BuiltIn;

/// <summary>The schemas of built-in kinds, made from the field table: types and how lists and maps merge.</summary>
internal sealed class BuiltInSchemas
{
    // What is written in JSON in another way than its message says: a value of any kind, or one of two.
    private static readonly string[] AnyJson =
    [
        "apiextensions/v1.JSON", "apiextensions/v1.JSONSchemaPropsOrArray", "apiextensions/v1.JSONSchemaPropsOrBool",
        "apiextensions/v1.JSONSchemaPropsOrStringArray",
    ];

    private readonly Dictionary<string, StructuralSchema> _known = new(StringComparer.Ordinal);

    /// <summary>The schema of every object's metadata.</summary>
    public static StructuralSchema ObjectMeta { get; } = new BuiltInSchemas().Of("meta/v1.ObjectMeta");

    /// <summary>The schema of a message.</summary>
    public StructuralSchema Of(string type)
    {
        if (_known.TryGetValue(type, out var known))
        {
            return known;
        }

        // Known before its fields are: messages refer to themselves.
        var schema = _known[type] = type switch
        {
            "string" or "bytes" or "meta/v1.Time" or "meta/v1.MicroTime" or "meta/v1.Duration" => new() { Type = "string" },
            "bool" => new() { Type = "boolean" },
            "int32" or "int64" => new() { Type = "integer", Format = type },
            "double" or "float" => new() { Type = "number" },
            "intstr.IntOrString" or "resource.Quantity" => new() { IntOrString = true },
            _ when type.EndsWith(".ExtraValue", StringComparison.Ordinal) => new() { Type = "array", Items = Of("string"), ListType = "atomic" },
            _ when AnyJson.Contains(type) => new() { PreserveUnknownFields = true },
            _ => new() { Type = "object", TypeName = type },
        };
        if (schema.TypeName is null)
        {
            return schema;
        }

        var fields = FieldTable.Of(type);
        if (fields is null || type is "runtime.RawExtension" or "meta/v1.FieldsV1")
        {
            schema.PreserveUnknownFields = true;
            schema.MapType = type == "meta/v1.FieldsV1" ? "atomic" : null;
            return schema;
        }

        foreach (var field in fields)
        {
            if (field.IsInline)
            {
                foreach (var (name, inner) in Of(field.Type).Properties)
                {
                    schema.Properties[name] = inner;
                }

                continue;
            }

            schema.Properties[field.Name] = Of(field);
        }

        if (type == "core/v1.PersistentVolumeClaim")
        {
            // The one whole kind that stands within another.
            schema.Properties["apiVersion"] = schema.Properties["kind"] = Of("string");
        }

        if (type is "core/v1.ObjectReference" or "core/v1.LocalObjectReference" or "core/v1.SecretKeySelector"
            or "core/v1.ConfigMapKeySelector" or "core/v1.ObjectFieldSelector" or "core/v1.ResourceFieldSelector"
            or "meta/v1.LabelSelector" or "core/v1.NodeSelector" or "core/v1.NodeSelectorTerm" or "core/v1.SecretReference"
            or "core/v1.TypedLocalObjectReference")
        {
            schema.MapType = "atomic";
        }

        return schema;
    }

    private StructuralSchema Of(BuiltInField field)
    {
        var inner = Of(field.Type);
        if (field.IsList)
        {
            return new StructuralSchema
            {
                Type = "array",
                Items = inner,
                ListType = field.ListType ?? "atomic",
                ListMapKeys = [.. field.ListKeys],
                PatchStrategy = field.PatchStrategy,
                PatchMergeKey = field.PatchMergeKey,
            };
        }

        if (field.IsMap)
        {
            return new StructuralSchema
            {
                Type = "object", AdditionalProperties = inner, MapType = field.IsAtomicMap ? "atomic" : null,
            };
        }

        if (field.IsAtomicMap || field.PatchStrategy is not null || field.Default is not null)
        {
            return new StructuralSchema
            {
                Type = inner.Type,
                TypeName = inner.TypeName,
                Properties = inner.Properties,
                PreserveUnknownFields = inner.PreserveUnknownFields,
                MapType = field.IsAtomicMap ? "atomic" : inner.MapType,
                PatchStrategy = field.PatchStrategy,
                Default = field.Default,
            };
        }

        return inner;
    }
}
