<<<<<<< HEAD
=======
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
>>>>>>> main
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Services.Argo;

/// <summary>Argo CD's Application: a chart that is kept deployed in a cluster.</summary>
[KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "Application", PluralName = "applications")]
internal sealed class ArgoApplication : CustomObject<Anything, Anything>
{
    /// <summary>A label's value, or null.</summary>
    public string? Label(string key) => Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
}

/// <summary>Argo CD's AppProject: what may be deployed where.</summary>
[KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "AppProject", PluralName = "appprojects")]
<<<<<<< HEAD
internal sealed class ArgoProject : CustomObject<Anything, Anything>;
=======
internal sealed class ArgoProject : CustomObject<Fields, Fields>;

/// <summary>A part of a foreign object, kept as it is and read field by field.</summary>
[JsonConverter(typeof(FieldsConverter))]
internal sealed class Fields
{
    /// <summary>The fields.</summary>
    public JsonObject All { get; init; } = [];

    /// <summary>A field, or null.</summary>
    public JsonNode? this[string name] => All[name];
}

/// <summary>Reads and writes the fields in place of what holds them.</summary>
internal sealed class FieldsConverter : JsonConverter<Fields>
{
    /// <inheritdoc />
    public override Fields Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new() { All = JsonNode.Parse(ref reader) as JsonObject ?? [] };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Fields value, JsonSerializerOptions options) => value.All.WriteTo(writer);
}
>>>>>>> main
