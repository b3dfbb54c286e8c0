using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Guide.Commands;

/// <summary>
/// The annotation <c>kubectl.kubernetes.io/last-applied-configuration</c>, byte for byte as <c>kubectl apply</c> writes it: a user who applies
/// the same file again is told that it is unchanged.
/// </summary>
internal static class LastApplied
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The manifest with the annotation. A Secret goes without: its content would stand there in the clear. <paramref name="ns"/> is where an
    /// object goes whose manifest does not say so, <see langword="null"/> for a kind without namespaces.
    /// </summary>
    public static JsonObject Noted(JsonObject manifest, string? ns)
    {
        if ((string?)manifest["kind"] == "Secret")
        {
            return manifest;
        }

        var noted = manifest.DeepClone().AsObject();
        Annotations(noted)["kubectl.kubernetes.io/last-applied-configuration"] = Text(manifest, ns);
        return noted;
    }

    private static string Text(JsonObject manifest, string? ns)
    {
        var applied = manifest.DeepClone().AsObject();
        Annotations(applied).Remove("kubectl.kubernetes.io/last-applied-configuration");
        if (ns is not null)
        {
            applied["metadata"]!.AsObject().TryAdd("namespace", ns);
        }

        // Go's encoder sorts the keys of maps and escapes what HTML would take for a tag.
        return Sorted(applied)!.ToJsonString(Compact)
            .Replace("<", "\\u003c", StringComparison.Ordinal)
            .Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal) + "\n";
    }

    private static JsonObject Annotations(JsonObject manifest)
    {
        var metadata = manifest["metadata"]!.AsObject();
        if (metadata["annotations"] is not JsonObject annotations)
        {
            metadata["annotations"] = annotations = [];
        }

        return annotations;
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(
            map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
