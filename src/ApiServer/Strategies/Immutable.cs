using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Fields that stay as they were made; pure.</summary>
internal static class Immutable
{
    /// <summary>The fields, by dotted paths, that a change touches although it may not; nothing on create.</summary>
    public static IEnumerable<FieldError> Fields(JsonObject value, JsonObject? old, params string[] paths) => old is null
        ? []
        : paths.Where(path => !JsonNode.DeepEquals(value.At(path.Split('.')), old.At(path.Split('.'))))
            .Select(path => FieldError.Invalid(path, value.At(path.Split('.')), "field is immutable"));
}
