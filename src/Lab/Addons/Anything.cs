using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Dpf.Lab.Addons;

/// <summary>A part of an object that is read field by field: whatever its kind says.</summary>
internal sealed class Anything
{
    /// <summary>The fields.</summary>
    [JsonExtensionData]
    public JsonObject? Fields { get; set; }

    /// <summary>A field, or null.</summary>
    public JsonNode? this[string name] => Fields?[name];
}
