using System.Text.Json.Nodes;

namespace Dpf.Lab.Addons.Multus;

/// <summary>Which devices the kubelet has given to which pod: its device manager's checkpoint.</summary>
internal static class DeviceAllocations
{
    /// <summary>Where the kubelet keeps it, on its machine.</summary>
    public const string File = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint";

    /// <summary>The devices of a pod of one resource, in the order of the containers and devices.</summary>
    public static IReadOnlyList<string> Of(string checkpoint, string podUid, string resource)
    {
        var entries = JsonNode.Parse(checkpoint)?["Data"]?["PodDeviceEntries"]?.AsArray() ?? [];
        return
        [
            .. entries.OfType<JsonObject>().Where(e => (string?)e["PodUID"] == podUid && (string?)e["ResourceName"] == resource)
                .SelectMany(e => e["DeviceIDs"] switch
                {
                    JsonArray list => list.Select(d => (string)d!),

                    // By NUMA node since Kubernetes 1.20.
                    JsonObject map => map.SelectMany(p => p.Value?.AsArray().Select(d => (string)d!) ?? []),
                    _ => [],
                }),
        ];
    }
}
