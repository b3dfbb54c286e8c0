using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Schemas;

/// <summary>
/// A schema that became stricter does not lock what was stored before it: what is wrong with a value that a write leaves as it is does
/// not count. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
/// </summary>
internal static class Ratchet
{
    /// <summary>The errors that a change brought, or did not mend although it touched the value.</summary>
    public static IEnumerable<FieldError> New(IEnumerable<FieldError> errors, JsonObject value, JsonObject? old) =>
        old is null ? errors : errors.Where(e => !IsLeft(e.Field, value, old));

    /// <summary>Whether the value at a path, or one that it stands in, is as it was; the whole object is not looked at.</summary>
    private static bool IsLeft(string path, JsonNode? value, JsonNode? old)
    {
        foreach (var step in path.Replace("[", ".[", StringComparison.Ordinal).Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            (value, old) = (Into(value, step), Into(old, step));
            if (JsonNode.DeepEquals(value, old))
            {
                return true;
            }
        }

        return false;
    }

    private static JsonNode? Into(JsonNode? node, string step) => node switch
    {
        JsonObject map => map[step],
        JsonArray list when step[0] == '[' && int.TryParse(step[1..^1], CultureInfo.InvariantCulture, out var index) && index < list.Count => list[index],
        _ => null,
    };
}
