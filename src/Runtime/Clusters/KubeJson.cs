using System.Buffers;
using System.Text.Json;
using k8s;

namespace Dpf.Runtime.Clusters;

/// <summary>Kubernetes' objects from the bytes that a server sent.</summary>
internal static class KubeJson
{
    // The library reads strings and streams; its rules for JSON can be had, and serve for bytes as well.
    private static readonly JsonSerializerOptions Rules = RulesOfLibrary();

    /// <summary>Reads an object.</summary>
    /// <exception cref="JsonException">It is no such object; the message says at which path.</exception>
    public static T Read<T>(ReadOnlySequence<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonSerializer.Deserialize<T>(ref reader, Rules) ?? throw new JsonException($"null is no {typeof(T).Name}");
    }

    private static JsonSerializerOptions RulesOfLibrary()
    {
        JsonSerializerOptions? rules = null;
        KubernetesJson.AddJsonOptions(options => rules = options);
        return rules ?? throw new InvalidOperationException("KubernetesJson gave no options when asked: its AddJsonOptions works otherwise than it did");
    }
}
