using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <content>Volumes, claims, and their classes and drivers.</content>
internal sealed partial class TableCells
{
    private IReadOnlyList<Column>? Storage(GroupResource resource) => resource.ToString() switch
    {
        "persistentvolumes" =>
        [
            new("Capacity", o => o.Text("spec", "capacity", "storage")), new("Access Modes", o => Modes(o)),
            new("Reclaim Policy", o => o.Text("spec", "persistentVolumeReclaimPolicy")), new("Status", o => Phase(o)),
            new("Claim", o => o.At("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : ""),
            new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), AttributesClass, new("Reason", o => o.Text("status", "reason") ?? ""), Age, VolumeMode,
        ],
        "persistentvolumeclaims" =>
        [
            new("Status", o => Phase(o)), new("Volume", o => o.Text("spec", "volumeName") ?? ""),
            new("Capacity", o => o.Text("status", "capacity", "storage") ?? ""), new("Access Modes", o => Modes(o)),
            new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), AttributesClass, Age, VolumeMode,
        ],
        "storageclasses.storage.k8s.io" =>
        [
            new("Provisioner", o => o.Text("provisioner")), new("ReclaimPolicy", o => o.Text("reclaimPolicy") ?? "Delete"),
            new("VolumeBindingMode", o => o.Text("volumeBindingMode") ?? "Immediate"), Boolean("AllowVolumeExpansion", "allowVolumeExpansion"), Age,
        ],
        "volumeattachments.storage.k8s.io" =>
        [
            new("Attacher", o => o.Text("spec", "attacher")), new("PV", o => o.Text("spec", "source", "persistentVolumeName") ?? ""),
            new("Node", o => o.Text("spec", "nodeName")), Boolean("Attached", "status", "attached"), Age,
        ],
        "csinodes.storage.k8s.io" => [new("Drivers", o => o.Objects("spec", "drivers").Count(), Type: "integer"), Age],
        "csidrivers.storage.k8s.io" =>
        [
            Boolean("AttachRequired", "spec", "attachRequired"), Boolean("PodInfoOnMount", "spec", "podInfoOnMount"),
            Boolean("StorageCapacity", "spec", "storageCapacity"),
            new("TokenRequests", o => string.Join(',', o.Objects("spec", "tokenRequests").Select(t => t.Text("audience"))) is { Length: > 0 } audiences ? audiences : "<unset>"),
            Boolean("RequiresRepublish", "spec", "requiresRepublish"), new("Modes", o => Join(o.Texts("spec", "volumeLifecycleModes"))), Age,
        ],
        _ => null,
    };

    private static Column AttributesClass => new("VolumeAttributesClass", o => o.Text("spec", "volumeAttributesClassName") ?? "<unset>");

    private static Column VolumeMode => new("VolumeMode", o => o.Text("spec", "volumeMode") ?? "<unset>", Wide: true);

    private static string Phase(JsonObject o) =>
        o.At("metadata", "deletionTimestamp") is null ? o.Text("status", "phase") ?? "" : "Terminating";

    private static string Modes(JsonObject o) => string.Join(',', o.Texts("spec", "accessModes").Select(m => m switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => m,
    }));
}
