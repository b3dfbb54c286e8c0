using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Dpf.Api.Schemas;

/// <summary>The structural schema (OpenAPI v3) of a C# type, from its properties and their attributes.</summary>
internal static class SchemaOfType
{
    /// <summary>The schema of a class.</summary>
    public static JsonObject OfClass(Type type)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var property in type.GetProperties().OrderBy(NameOf, StringComparer.Ordinal))
        {
            properties[NameOf(property)] = OfProperty(property);
            if (property.IsDefined(typeof(MandatoryAttribute)))
            {
                required.Add(NameOf(property));
            }
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        AddRules(schema, type);
        if (type.IsDefined(typeof(PreserveUnknownAttribute)))
        {
            schema["x-kubernetes-preserve-unknown-fields"] = true;
        }

        return schema;
    }

    /// <summary>What a status that must hold fields with defaults defaults to; null for none.</summary>
    public static JsonObject? DefaultOf(Type type)
    {
        var values = type.GetProperties()
            .Where(p => p.IsDefined(typeof(MandatoryAttribute)) && p.IsDefined(typeof(DefaultJsonAttribute)))
            .Select(p => KeyValuePair.Create(NameOf(p), JsonNode.Parse(p.GetCustomAttribute<DefaultJsonAttribute>()!.Json))).ToList();
        return values.Count == 0 ? null : new JsonObject(values);
    }

    private static string NameOf(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
        ?? throw new InvalidOperationException($"{property.DeclaringType!.Name}.{property.Name} has no JsonPropertyName");

    private static JsonObject OfProperty(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var schema = OfValue(type, property.IsDefined(typeof(PreserveUnknownAttribute)));
        if (property.GetCustomAttribute<DefaultJsonAttribute>() is { } fallback)
        {
            schema["default"] = JsonNode.Parse(fallback.Json);
        }

        if (property.GetCustomAttribute<OneOfAttribute>() is { } choice)
        {
            schema["enum"] = new JsonArray([.. choice.Values.Select(v => JsonValue.Create(v))]);
        }

        if (property.GetCustomAttribute<PatternAttribute>() is { } pattern)
        {
            schema["pattern"] = pattern.Expression;
        }

        if (property.GetCustomAttribute<FormatAttribute>() is { } format)
        {
            schema["format"] = format.Name;
        }

        if (property.IsDefined(typeof(QuantitiesAttribute)))
        {
            schema["additionalProperties"]!["pattern"] = KubernetesSchemas.QuantityPattern;
        }

        if (property.GetCustomAttribute<BoundsAttribute>() is { } bounds)
        {
            var (least, most) = ((string?)schema["type"]) switch
            {
                "string" => ("minLength", "maxLength"),
                "array" => ("minItems", "maxItems"),
                "object" => ("minProperties", "maxProperties"),
                _ => ("minimum", "maximum"),
            };
            AddBound(schema, least, bounds.Min, long.MinValue);
            AddBound(schema, most, bounds.Max, long.MaxValue);
        }

        if (property.GetCustomAttribute<ListMapAttribute>() is { } map)
        {
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. map.Keys.Select(k => JsonValue.Create(k))]);
        }

        if (property.IsDefined(typeof(ListSetAttribute)))
        {
            schema["x-kubernetes-list-type"] = "set";
        }

        AddRules(schema, property);
        return schema;
    }

    private static void AddBound(JsonObject schema, string name, long value, long none)
    {
        if (value != none)
        {
            schema[name] = value;
        }
    }

    private static void AddRules(JsonObject schema, MemberInfo member)
    {
        var rules = schema["x-kubernetes-validations"] as JsonArray ?? [];
        foreach (var rule in member.GetCustomAttributes<CelRuleAttribute>(inherit: false))
        {
            rules.Add(new JsonObject { ["message"] = rule.Message, ["rule"] = rule.Rule });
        }

        if (rules.Count > 0)
        {
            schema["x-kubernetes-validations"] = rules;
        }
    }

    private static JsonObject OfValue(Type type, bool preserved)
    {
        if (WellKnown(type) is { } known)
        {
            return known;
        }

        if (typeof(JsonNode).IsAssignableFrom(type))
        {
            return type == typeof(JsonNode) && !preserved
                ? new JsonObject { ["x-kubernetes-int-or-string"] = true, ["anyOf"] = new JsonArray(Type("integer"), Type("string")) }
                : new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };
        }

        if (type.IsGenericType && typeof(IDictionary).IsAssignableFrom(type))
        {
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = OfValue(type.GetGenericArguments()[1], preserved) };
        }

        if (type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type))
        {
            return new JsonObject { ["type"] = "array", ["items"] = OfValue(type.GetGenericArguments()[0], preserved) };
        }

        return OfClass(type);
    }

    private static JsonObject? WellKnown(Type type) => type switch
    {
        _ when type == typeof(string) => Type("string"),
        _ when type == typeof(bool) => Type("boolean"),
        _ when type == typeof(int) => Type("integer"),
        _ when type == typeof(long) => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
        _ when type == typeof(DateTime) => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        _ when type == typeof(V1Condition) => KubernetesSchemas.Condition(),
        _ when type == typeof(V1LabelSelector) => KubernetesSchemas.LabelSelector(),
        _ when type == typeof(V1NodeSelector) => KubernetesSchemas.NodeSelector(),
        _ => null,
    };

    private static JsonObject Type(string type) => new() { ["type"] = type };
}
