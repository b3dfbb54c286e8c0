using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Cel;

/// <summary>
/// The rules of custom resources' schemas (<c>x-kubernetes-validations</c>). What an update leaves as it was is not judged again. A rule
/// that calls a function beyond the language itself, from one of Kubernetes' libraries, is not enforced.
/// </summary>
internal static class CelValidation
{
    /// <summary>The errors of an object that fits its schema.</summary>
    /// <param name="value">The object.</param>
    /// <param name="old">The one that it replaces; null for a new one.</param>
    /// <param name="schema">The schema.</param>
    public static IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old, StructuralSchema schema) => Check(value, old, schema, "");

    private static IEnumerable<FieldError> Check(JsonNode? value, JsonNode? old, StructuralSchema schema, string path)
    {
        if (value is null || (old is not null && JsonNode.DeepEquals(value, old)))
        {
            return [];
        }

        var own = schema.Validations.Select(rule => Judge(rule, value, old, schema, path)).OfType<FieldError>();
        return value switch
        {
            JsonObject map => own.Concat(map.SelectMany(field => Check(
                field.Value, (old as JsonObject)?[field.Key],
                schema.Properties.TryGetValue(field.Key, out var known) ? known : schema.AdditionalProperties ?? new StructuralSchema(),
                path.Length == 0 ? field.Key : $"{path}.{field.Key}"))),
            JsonArray list when schema.Items is { } items => own.Concat(list.SelectMany((item, i) => Check(
                item, Before(item, old as JsonArray, schema), items, $"{path}[{i}]"))),
            _ => own,
        };
    }

    /// <summary>What an element of a list was before: known where elements have keys.</summary>
    private static JsonNode? Before(JsonNode? item, JsonArray? old, StructuralSchema schema) => schema.ListType == "map"
        ? old?.FirstOrDefault(o => schema.ListMapKeys.All(key => JsonNode.DeepEquals((o as JsonObject)?[key], (item as JsonObject)?[key])))
        : null;

    private static FieldError? Judge(ValidationRule rule, JsonNode value, JsonNode? old, StructuralSchema schema, string path)
    {
        if (rule.IsTransition && old is null)
        {
            return null;
        }

        var variables = new Dictionary<string, object?>(StringComparer.Ordinal) { ["self"] = CelValues.Of(value, schema) };
        if (rule.IsTransition)
        {
            variables["oldSelf"] = CelValues.Of(old, schema);
        }

        var field = path + (rule.FieldPath ?? "");
        try
        {
            return CelExpression.Of(rule.Rule).Value(variables) is true ? null : Error(rule, field, value, Message(rule, variables));
        }
        catch (CelEvaluationException e)
        {
            return e.IsUnknown ? null : Error(rule, field, value, $"rule evaluation error: {e.Message}: {rule.Rule}");
        }
    }

    private static string Message(ValidationRule rule, Dictionary<string, object?> variables)
    {
        var usual = rule.Message ?? "failed rule: " + rule.Rule;
        try
        {
            return rule.MessageExpression is { } expression && CelExpression.Of(expression).Value(variables) is string { Length: > 0 } made ? made : usual;
        }
        catch (CelEvaluationException)
        {
            return usual;
        }
    }

    // Objects and lists are too long to be shown.
    private static FieldError Error(ValidationRule rule, string field, JsonNode value, string message)
    {
        JsonNode shown = value switch { JsonObject => "object", JsonArray => "array", _ => value };
        return rule.Reason switch
        {
            "FieldValueRequired" => FieldError.Required(field, message),
            "FieldValueForbidden" => FieldError.Forbidden(field, message),
            "FieldValueDuplicate" => FieldError.Duplicate(field, shown),
            _ => FieldError.Invalid(field, shown, message),
        };
    }
}
