using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace Dpf.Services.DpuDeployments;

/// <summary>Digests of objects: equal for what is equal, whatever the order of a table.</summary>
internal static class Digest
{
    /// <summary><c>sha256:…</c> over the JSON of each object, a line each; empty without objects.</summary>
    public static string Of(params IReadOnlyCollection<object> objects)
    {
        if (objects.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var value in objects)
        {
            text.Append(Sorted(JsonNode.Parse(KubernetesJson.Serialize(value)))?.ToJsonString() ?? "null").Append('\n');
        }

        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>The first characters after the algorithm.</summary>
    public static string Short(string digest, int length)
    {
        var hex = digest[(digest.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return hex.Length > length ? hex[..length] : hex;
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject table => new JsonObject(
            table.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
