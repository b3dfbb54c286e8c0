using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Schemas;

/// <summary>Tells what of a value breaks a schema, in the words of the API.</summary>
public static class SchemaValidation
{
    private static readonly ConcurrentDictionary<string, Regex> Patterns = new(StringComparer.Ordinal);

    /// <summary>The errors of an object of a custom kind; empty when it is fine.</summary>
    public static IReadOnlyList<FieldError> Validate(JsonObject value, StructuralSchema schema)
    {
        var errors = new List<FieldError>();
        Check(value, schema, "", errors);
        return errors;
    }

    private static void Check(JsonNode? value, StructuralSchema schema, string path, List<FieldError> errors)
    {
        if (value is null)
        {
            if (!schema.Nullable && schema.Type is not null)
            {
                errors.Add(FieldError.TypeInvalid(path, value, $"{path} in body must be of type {schema.Type}: \"null\""));
            }

            return;
        }

        if (!HasType(value, schema))
        {
            errors.Add(FieldError.TypeInvalid(
                path, value, $"{Name(path)} in body must be of type {(schema.IntOrString ? "integer,string" : schema.Type)}: \"{KindOf(value)}\""));
            return;
        }

        if (schema.Enum is { } allowed && !allowed.Any(a => JsonNode.DeepEquals(a, value)))
        {
            errors.Add(FieldError.NotSupported(path, value, allowed.Select(a => a?.ToString() ?? "null")));
        }

        switch (value)
        {
            case JsonObject map:
                CheckMap(map, schema, path, errors);
                break;
            case JsonArray list:
                CheckList(list, schema, path, errors);
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                CheckText(scalar.GetValue<string>(), scalar, schema, path, errors);
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.Number:
                CheckNumber(Number(scalar), scalar, schema, path, errors);
                break;
        }

        foreach (var all in schema.AllOf)
        {
            Check(value, all, path, errors);
        }

        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(s => Fits(value, s, path)))
        {
            errors.Add(FieldError.Invalid(path, value, $"{Name(path)} in body must validate at least one schema (anyOf)"));
        }

        if (schema.OneOf.Count > 0 && schema.OneOf.Count(s => Fits(value, s, path)) != 1)
        {
            errors.Add(FieldError.Invalid(path, value, $"{Name(path)} in body must validate one and only one schema (oneOf)"));
        }

        if (schema.Not is { } not && Fits(value, not, path))
        {
            errors.Add(FieldError.Invalid(path, value, $"{Name(path)} in body must not validate the schema (not)"));
        }
    }

    private static void CheckMap(JsonObject map, StructuralSchema schema, string path, List<FieldError> errors)
    {
        foreach (var name in schema.Required)
        {
            if (!map.ContainsKey(name))
            {
                errors.Add(FieldError.Required(Join(path, name)));
            }
        }

        if (schema.MaxProperties is { } most && map.Count > most)
        {
            errors.Add(FieldError.TooMany(path, map.Count, most));
        }

        if (schema.MinProperties is { } least && map.Count < least)
        {
            errors.Add(FieldError.Invalid(path, map, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should have at least {least} properties")));
        }

        foreach (var (name, child) in map)
        {
            if (path.Length == 0 && name is "apiVersion" or "kind" or "metadata")
            {
                continue;
            }

            if (schema.Properties.TryGetValue(name, out var field))
            {
                Check(child, field, Join(path, name), errors);
            }
            else if (schema.AdditionalProperties is { } rest)
            {
                Check(child, rest, Join(path, name), errors);
            }
        }
    }

    private static void CheckList(JsonArray list, StructuralSchema schema, string path, List<FieldError> errors)
    {
        if (schema.MaxItems is { } most && list.Count > most)
        {
            errors.Add(FieldError.TooMany(path, list.Count, most));
        }

        if (schema.MinItems is { } least && list.Count < least)
        {
            errors.Add(FieldError.Invalid(path, list.Count, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should have at least {least} items")));
        }

        for (var i = 0; schema.Items is not null && i < list.Count; i++)
        {
            Check(list[i], schema.Items, $"{path}[{i}]", errors);
        }
    }

    private static void CheckText(string text, JsonNode value, StructuralSchema schema, string path, List<FieldError> errors)
    {
        var length = text.EnumerateRunes().Count();
        if (schema.MaxLength is { } most && length > most)
        {
            errors.Add(FieldError.TooLong(path, most));
        }

        if (schema.MinLength is { } least && length < least)
        {
            errors.Add(FieldError.Invalid(path, value, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should be at least {least} chars long")));
        }

        if (schema.Pattern is { } pattern && !Regex(pattern).IsMatch(text))
        {
            errors.Add(FieldError.Invalid(path, value, $"{Name(path)} in body should match '{pattern}'"));
        }
    }

    private static void CheckNumber(double number, JsonNode value, StructuralSchema schema, string path, List<FieldError> errors)
    {
        if (schema.Maximum is { } most && (schema.ExclusiveMaximum ? number >= most : number > most))
        {
            errors.Add(FieldError.Invalid(path, value, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should be less than {(schema.ExclusiveMaximum ? "" : "or equal to ")}{most}")));
        }

        if (schema.Minimum is { } least && (schema.ExclusiveMinimum ? number <= least : number < least))
        {
            errors.Add(FieldError.Invalid(path, value, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should be greater than {(schema.ExclusiveMinimum ? "" : "or equal to ")}{least}")));
        }

        if (schema.MultipleOf is { } step && number % step != 0)
        {
            errors.Add(FieldError.Invalid(path, value, string.Create(
                CultureInfo.InvariantCulture, $"{Name(path)} in body should be a multiple of {step}")));
        }
    }

    private static bool Fits(JsonNode? value, StructuralSchema schema, string path)
    {
        var errors = new List<FieldError>();
        Check(value, schema, path, errors);
        return errors.Count == 0;
    }

    private static bool HasType(JsonNode value, StructuralSchema schema)
    {
        var kind = KindOf(value);
        return schema.IntOrString
            ? kind is "integer" or "string"
            : schema.Type is null || schema.Type == kind || (schema.Type == "number" && kind == "integer");
    }

    private static string KindOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => Number((JsonValue)value) is var number && number == Math.Floor(number) ? "integer" : "number",
        _ => "null",
    };

    private static double Number(JsonValue value) => value.TryGetValue<double>(out var real) ? real
        : value.TryGetValue<long>(out var whole) ? whole
        : value.TryGetValue<int>(out var small) ? small
        : double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    // Patterns are RE2; what both languages share is all that definitions use, but for these: RE2 lets an underscore be escaped.
    private static Regex Regex(string pattern) => Patterns.GetOrAdd(pattern, p =>
    {
        var text = new StringBuilder(p).Replace("[[:xdigit:]]", "[0-9A-Fa-f]").Replace("\\z", "$").Replace("\\_", "_").ToString();
        try
        {
            return new Regex(text, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
    });

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Name(string path) => path.Length == 0 ? "<root>" : path;
}
