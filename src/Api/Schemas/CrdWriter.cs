using System.Reflection;
using System.Text.Json.Nodes;
using k8s.Models;

namespace Dpf.Api.Schemas;

/// <summary>Makes the CustomResourceDefinition of each of our kinds from its C# type.</summary>
public static class CrdWriter
{
    /// <summary>All kinds of this assembly, by the name of their definition.</summary>
    public static IReadOnlyList<Type> Kinds { get; } =
        [.. typeof(CrdWriter).Assembly.GetTypes().Where(t => t.IsDefined(typeof(CustomKindAttribute))).OrderBy(Name, StringComparer.Ordinal)];

    /// <summary>The name of a kind's definition: <c>plural.group</c>.</summary>
    public static string Name(Type kind) => kind.GetCustomAttribute<KubernetesEntityAttribute>() is { } entity
        ? $"{entity.PluralName}.{entity.Group}"
        : throw new ArgumentException($"{kind.Name} has no KubernetesEntity", nameof(kind));

    /// <summary>The definition of a kind.</summary>
    public static JsonObject Write(Type kind)
    {
        var entity = kind.GetCustomAttribute<KubernetesEntityAttribute>()!;
        var custom = kind.GetCustomAttribute<CustomKindAttribute>()!;
        var names = new JsonObject
        {
            ["kind"] = entity.Kind,
            ["listKind"] = entity.Kind + "List",
            ["plural"] = entity.PluralName,
            ["singular"] = entity.Kind.ToLowerInvariant(),
        };
        if (custom.Categories.Length > 0)
        {
            names["categories"] = new JsonArray([.. custom.Categories.Select(n => JsonValue.Create(n))]);
        }

        if (custom.ShortNames.Length > 0)
        {
            names["shortNames"] = new JsonArray([.. custom.ShortNames.Select(n => JsonValue.Create(n))]);
        }

        var annotations = new JsonObject { ["helm.sh/resource-policy"] = "keep" };
        if (custom.ApprovedBy is { } approval)
        {
            annotations["api-approved.kubernetes.io"] = approval;
        }

        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject
            {
                ["name"] = Name(kind),
                ["annotations"] = annotations,
            },
            ["spec"] = new JsonObject
            {
                ["group"] = entity.Group,
                ["names"] = names,
                ["scope"] = custom.ClusterScoped ? "Cluster" : "Namespaced",
                ["versions"] = new JsonArray(Version(kind, entity, custom)),
            },
        };
    }

    private static JsonObject Version(Type kind, KubernetesEntityAttribute entity, CustomKindAttribute custom)
    {
        var version = new JsonObject { ["name"] = entity.ApiVersion, ["served"] = true, ["storage"] = true };
        var columns = kind.GetCustomAttributes<PrinterColumnAttribute>().Select(Column).ToArray();
        if (columns.Length > 0)
        {
            version["additionalPrinterColumns"] = new JsonArray(columns);
        }

        var properties = new JsonObject
        {
            ["apiVersion"] = new JsonObject { ["type"] = "string" },
            ["kind"] = new JsonObject { ["type"] = "string" },
            ["metadata"] = new JsonObject { ["type"] = "object" },
            ["spec"] = SchemaOfType.OfClass(kind.GetProperty("Spec")!.PropertyType),
        };
        if (!custom.WithoutStatus)
        {
            properties["status"] = Status(kind.GetProperty("Status")!.PropertyType);
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (custom.SpecRequired)
        {
            schema["required"] = new JsonArray("spec");
        }

        version["schema"] = new JsonObject { ["openAPIV3Schema"] = schema };
        if (!custom.WithoutStatus)
        {
            version["subresources"] = new JsonObject { ["status"] = new JsonObject() };
        }

        return version;
    }

    private static JsonObject Status(Type type)
    {
        var schema = type.GetProperties().Length > 0 ? SchemaOfType.OfClass(type) : new JsonObject { ["type"] = "object" };
        if (SchemaOfType.DefaultOf(type) is { } initial)
        {
            schema["default"] = initial;
        }

        return schema;
    }

    private static JsonObject Column(PrinterColumnAttribute column)
    {
        var written = new JsonObject { ["name"] = column.Name, ["type"] = column.Type, ["jsonPath"] = column.JsonPath };
        if (column.Priority > 0)
        {
            written["priority"] = column.Priority;
        }

        if (column.Description is { } description)
        {
            written["description"] = description;
        }

        return written;
    }
}
