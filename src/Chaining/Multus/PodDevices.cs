using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Chaining.Multus;

/// <summary>Which devices the kubelet gave a pod, as its checkpoint file tells.</summary>
public static class PodDevices
{
    /// <summary>The kubelet's file on the machine.</summary>
    public const string File = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint";

    /// <summary>The devices of a resource that a pod has, in order.</summary>
    public static IReadOnlyList<string> Of(string checkpoint, string podUid, string resource)
    {
        try
        {
            var entries = JsonNode.Parse(checkpoint)?["Data"]?["PodDeviceEntries"] as JsonArray ?? [];
            return
            [
                .. entries
                    .Where(e => (string?)e?["PodUID"] == podUid && (string?)e["ResourceName"] == resource)
                    .SelectMany(e => e!["DeviceIDs"] switch
                    {
                        // By NUMA node, or a plain list in old kubelets.
                        JsonObject byNode => byNode.SelectMany(n => n.Value as JsonArray ?? []),
                        JsonArray list => list,
                        _ => [],
                    })
                    .Select(id => (string?)id).OfType<string>(),
            ];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
