using System.Text.Json.Nodes;

namespace Dpf.Lab.Addons.Multus;

/// <summary>One network that a pod asks for.</summary>
/// <param name="Namespace">The namespace of its definition.</param>
/// <param name="Name">The name of its definition.</param>
/// <param name="Interface">The interface in the pod; null for the next free <c>netN</c>.</param>
internal sealed record NetworkSelection(string Namespace, string Name, string? Interface)
{
    /// <summary>Arguments for the plugins (<c>cni-args</c>), or null.</summary>
    public JsonObject? Arguments { get; init; }

    /// <summary>The asked-for MAC address, or null.</summary>
    public string? Mac { get; init; }

    /// <summary>Reads <c>k8s.v1.cni.cncf.io/networks</c>: a JSON list, or <c>[ns/]name[@interface],…</c>.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static IReadOnlyList<NetworkSelection> Parse(string? text, string podNamespace)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }

        if (text.TrimStart().StartsWith('['))
        {
            return
            [
                .. JsonNode.Parse(text)!.AsArray().Select(n => new NetworkSelection(
                    (string?)n!["namespace"] ?? podNamespace,
                    (string?)n["name"] ?? throw new FormatException($"networks annotation: an entry has no name: {n.ToJsonString()}"),
                    (string?)n["interface"])
                {
                    Arguments = n["cni-args"] as JsonObject,
                    Mac = (string?)n["mac"],
                }),
            ];
        }

        return
        [
            .. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item =>
            {
                var (reference, device) = item.Split('@') is [var r, var d] ? (r, d) : (item, null);
                return reference.Split('/') switch
                {
                    [var name] => new NetworkSelection(podNamespace, name, device),
                    [var ns, var name] => new NetworkSelection(ns, name, device),
                    _ => throw new FormatException($"networks annotation: '{item}' is not [namespace/]name[@interface]"),
                };
            }),
        ];
    }
}
