using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>
/// Writes the status of DPUClusters, which two controllers share: only what changed, and only onto the revision that was read.
/// </summary>
internal static class ClusterStatusWriter
{
    /// <summary>A copy of the conditions that may be changed.</summary>
    public static List<V1Condition> ConditionsOf(DpuCluster cluster) =>
        cluster.Status?.Conditions.Copy() ?? [];

    /// <summary>Writes phase and conditions where they differ; false when nothing does.</summary>
    /// <exception cref="KubeException">Somebody else wrote meanwhile (409): look again.</exception>
    public static async Task<bool> WriteAsync(
        KubeClient client, DpuCluster cluster, string phase, IReadOnlyList<V1Condition> conditions, CancellationToken cancellation)
    {
        var text = KubernetesJson.Serialize(conditions);
        if (cluster.Status?.Phase == phase && cluster.Status.ObservedGeneration == cluster.Metadata.Generation && text == KubernetesJson.Serialize(cluster.Status.Conditions ?? []))
        {
            return false;
        }

        await client.PatchStatusAsync<DpuCluster>(
            cluster.Metadata.NamespaceProperty, cluster.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = cluster.Metadata.ResourceVersion },
                ["status"] = new JsonObject { ["phase"] = phase, ["observedGeneration"] = cluster.Metadata.Generation, ["conditions"] = JsonNode.Parse(text, null, default(JsonDocumentOptions)) },
            },
            cancellation);
        return true;
    }
}
