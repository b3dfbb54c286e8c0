using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Chaining.Multus;

/// <summary>A network that a pod asks for in <c>k8s.v1.cni.cncf.io/networks</c>.</summary>
/// <param name="Namespace">The definition's namespace.</param>
/// <param name="Name">The definition's name.</param>
/// <param name="Interface">The interface in the pod; null for the next <c>netN</c>.</param>
/// <param name="Arguments">Arguments for the plugins (<c>cni-args</c>), or null.</param>
/// <param name="Mac">The MAC address asked for, or null.</param>
public sealed record NetworkRequest(string Namespace, string Name, string? Interface, JsonObject? Arguments = null, string? Mac = null)
{
    /// <summary>Reads the annotation: a JSON list, or <c>[namespace/]name[@interface]</c> separated by commas.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static IReadOnlyList<NetworkRequest> Parse(string? text, string podNamespace)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }

        if (!text.TrimStart().StartsWith('['))
        {
            return [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => Short(t, podNamespace))];
        }

        try
        {
            return
            [
                .. JsonNode.Parse(text)!.AsArray().Select(item => new NetworkRequest(
                    (string?)item?["namespace"] is { Length: > 0 } ns ? ns : podNamespace,
                    (string?)item?["name"] ?? throw new FormatException("annotation k8s.v1.cni.cncf.io/networks: an element has no name"),
                    (string?)item!["interface"] is { Length: > 0 } device ? device : null,
                    item["cni-args"] as JsonObject,
                    (string?)item["mac"])),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"annotation k8s.v1.cni.cncf.io/networks is no list of networks: {e.Message}", e);
        }
    }

    private static NetworkRequest Short(string text, string podNamespace)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var (reference, device) = at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
        var slash = reference.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? new NetworkRequest(podNamespace, reference, device)
            : new NetworkRequest(reference[..slash], reference[(slash + 1)..], device);
    }
}
