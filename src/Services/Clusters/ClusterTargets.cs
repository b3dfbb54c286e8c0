using Dpf.Api.Provisioning;

namespace Dpf.Services.Clusters;

/// <summary>Which DPU clusters are meant: pure.</summary>
internal static class ClusterTargets
{
    /// <summary>
    /// Whether a cluster has a control plane to talk to. One that was ready and is not any more still counts: what is in it
    /// stays wanted.
    /// </summary>
    public static bool HasControlPlane(DpuCluster cluster) =>
        cluster.Spec.Kubeconfig is { Length: > 0 } && cluster.Status?.Phase is "Ready" or "NotReady" or "Failed";

    /// <summary>
    /// The name by which Argo CD and Applications know a cluster: the DPUCluster's own, or with its namespace where two
    /// namespaces use the same.
    /// </summary>
    public static string DestinationName(DpuCluster cluster, IEnumerable<DpuCluster> all) =>
        all.Count(c => c.Metadata.Name == cluster.Metadata.Name) > 1
            ? $"{cluster.Metadata.NamespaceProperty}-{cluster.Metadata.Name}"
            : cluster.Metadata.Name;
}
