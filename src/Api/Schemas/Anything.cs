using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Dpf.Api.Schemas;

/// <summary>A part of a foreign object that is read field by field and kept as it is: whatever its kind says.</summary>
[JsonConverter(typeof(AnythingConverter))]
public sealed class Anything
{
    /// <summary>The fields; null for none.</summary>
    public JsonObject? Fields { get; set; }

    /// <summary>A field, or null.</summary>
    public JsonNode? this[string name] => Fields?[name];
}

/// <summary>Reads and writes the fields themselves, without a member around them.</summary>
internal sealed class AnythingConverter : JsonConverter<Anything>
{
    /// <inheritdoc />
    public override Anything Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new() { Fields = JsonNode.Parse(ref reader) as JsonObject };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Anything value, JsonSerializerOptions options) =>
        (value.Fields ?? []).WriteTo(writer);
}
