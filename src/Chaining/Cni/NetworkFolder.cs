using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.Cni;

/// <summary>The network configurations of a machine, of which runtimes take the first by name.</summary>
internal sealed class NetworkFolder(IMachine machine)
{
    private const string Folder = "/etc/cni/net.d";

    /// <summary>Writes a configuration; false when it is there in these words.</summary>
    public async Task<bool> WriteAsync(string file, JsonObject config, CancellationToken cancellation)
    {
        var path = machine.Path($"{Folder}/{file}");
        var text = config.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        if (File.Exists(path) && await File.ReadAllTextAsync(path, cancellation) == text)
        {
            return false;
        }

        WholeFile.Write(path, text);
        return true;
    }

    /// <summary>The first configuration other than one's own; null when there is none.</summary>
    public JsonObject? FirstBut(string own)
    {
        var folder = machine.Path(Folder);
        if (!Directory.Exists(folder))
        {
            return null;
        }

        foreach (var file in Directory.GetFiles(folder)
            .Where(f => Path.GetExtension(f) is ".conf" or ".conflist" or ".json" && Path.GetFileName(f) != own)
            .Order(StringComparer.Ordinal))
        {
            try
            {
                if (JsonNode.Parse(File.ReadAllText(file)) is JsonObject config)
                {
                    return config;
                }
            }
            catch (Exception e) when (e is JsonException or IOException)
            {
                // Not readable (yet): the next one may be.
            }
        }

        return null;
    }
}
