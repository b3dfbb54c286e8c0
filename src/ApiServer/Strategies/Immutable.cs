using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Fields that stay as they were made; pure.</summary>
internal static class Immutable
{
    // What typed clients leave out when it is false, although it was sent: no difference.
    private static readonly HashSet<string> FalseUnlessSet = new(StringComparer.Ordinal)
    {
        "hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly",
    };

    /// <summary>The fields, by dotted paths, that a change touches although it may not; nothing on create.</summary>
    public static IEnumerable<FieldError> Fields(JsonObject value, JsonObject? old, params string[] paths) => old is null
        ? []
        : paths.Where(path => !Same(value.At(path.Split('.')), old.At(path.Split('.'))))
            .Select(path => FieldError.Invalid(path, value.At(path.Split('.')), "field is immutable"));

    /// <summary>What is wrong with a change of data that was declared immutable.</summary>
    public static IEnumerable<FieldError> Data(JsonObject value, JsonObject? old)
    {
        const string Advice = "field is immutable when `immutable` is set";
        if (!old.Flag("immutable"))
        {
            yield break;
        }

        if (!value.Flag("immutable"))
        {
            yield return FieldError.Forbidden("immutable", Advice);
        }

        foreach (var field in (string[])["data", "binaryData"])
        {
            if (!Same(value[field], old.At(field)))
            {
                yield return FieldError.Forbidden(field, Advice);
            }
        }
    }

    /// <summary>Whether two values mean the same: a field that is empty is one that is not there.</summary>
    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right) || JsonNode.DeepEquals(Bare(left), Bare(right));

    private static JsonNode? Bare(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                var fields = map.Where(f => !IsUnset(f.Key, f.Value)).Select(f => KeyValuePair.Create(f.Key, Bare(f.Value))).Where(f => f.Value is not null).ToList();
                return fields.Count > 0 ? new JsonObject(fields) : null;
            case JsonArray { Count: 0 }:
                return null;
            case JsonArray list:
                return new JsonArray([.. list.Select(Bare)]);
            default:
                return node?.DeepClone();
        }
    }

    // An empty class asks for none; without a class it is the default one.
    private static bool IsUnset(string name, JsonNode? value) =>
        (value is JsonValue text && text.TryGetValue<string>(out var t) && t.Length == 0 && name != "storageClassName") ||
        (value is JsonValue flag && flag.TryGetValue<bool>(out var f) && !f && FalseUnlessSet.Contains(name));
}
