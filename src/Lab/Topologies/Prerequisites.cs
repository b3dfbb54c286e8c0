using System.Text.Json.Nodes;

namespace Dpf.Lab.Topologies;

/// <summary>The labels and annotations that the guide's prerequisites ask of nodes.</summary>
internal static class Prerequisites
{
    private const string ZoneName = "k8s.ovn.org/zone-name";

    /// <summary>The labels of a control-plane node.</summary>
    public static IReadOnlyDictionary<string, string> ControlPlane(string node) => new Dictionary<string, string>
    {
        ["node-role.kubernetes.io/control-plane"] = "",
        ["node.kubernetes.io/exclude-from-external-load-balancers"] = "",
        [ZoneName] = node,
    };

    /// <summary>The labels that a worker's kubelet registers it with, so that it never looks like a node without a DPU.</summary>
    public static IReadOnlyDictionary<string, string> Worker(string node) => new Dictionary<string, string>
    {
        ["k8s.ovn.org/dpu-host"] = "",
        [ZoneName] = node,
    };

    /// <summary>The metadata of a worker that only an administrator may set.</summary>
    public static JsonObject WorkerByAdministrator(string node) => new()
    {
        ["labels"] = new JsonObject { ["node-role.kubernetes.io/worker"] = "" },
        ["annotations"] = new JsonObject { ["k8s.ovn.org/remote-zone-migrated"] = node },
    };
}
