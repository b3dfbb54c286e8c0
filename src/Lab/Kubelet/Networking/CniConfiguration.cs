using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Lab.Kubelet.Networking;

/// <summary>A network configuration list of the CNI protocol.</summary>
/// <param name="Name">The network.</param>
/// <param name="Version">The protocol version.</param>
/// <param name="Plugins">The plugins, in order.</param>
internal sealed record CniConfiguration(string Name, string Version, IReadOnlyList<JsonObject> Plugins)
{
    /// <summary>The first configuration of a folder, in the order of names; null when there is none that can be read.</summary>
    public static CniConfiguration? First(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var files = Directory.EnumerateFiles(folder)
            .Where(f => Path.GetExtension(f) is ".conf" or ".conflist" or ".json")
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            try
            {
                if (Parse(File.ReadAllText(file)) is { } configuration)
                {
                    return configuration;
                }
            }
            catch (Exception e) when (e is JsonException or IOException or InvalidOperationException)
            {
                // Half written, or not ours: the next one may do.
            }
        }

        return null;
    }

    /// <summary>Reads a list, or a single plugin's configuration.</summary>
    public static CniConfiguration? Parse(string text)
    {
        if (JsonNode.Parse(text) is not JsonObject root)
        {
            return null;
        }

        var plugins = root["plugins"] is JsonArray list ? list.OfType<JsonObject>().ToList() : [root];
        return plugins.Count > 0 && plugins.All(p => (string?)p["type"] is { Length: > 0 })
            ? new CniConfiguration((string?)root["name"] ?? "default", (string?)root["cniVersion"] ?? "0.3.1", plugins)
            : null;
    }

    /// <summary>What a plugin is given on standard input.</summary>
    public JsonObject Input(JsonObject plugin, JsonNode? previous)
    {
        var input = plugin.DeepClone().AsObject();
        input["name"] = Name;
        input["cniVersion"] = Version;
        if (previous is not null)
        {
            input["prevResult"] = previous.DeepClone();
        }

        return input;
    }

    /// <summary>The pod's addresses in a result, without prefix lengths.</summary>
    public static IReadOnlyList<string> Addresses(JsonNode? result) =>
    [
        .. (result?["ips"] as JsonArray ?? []).Select(ip => ((string?)ip?["address"] ?? "").Split('/')[0]).Where(a => a.Length > 0),
    ];
}
