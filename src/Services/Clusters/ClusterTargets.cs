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
    /// The name by which Argo CD and Applications know a cluster that they do not know yet: the DPUCluster's own, or with its
    /// namespace where an older one in another namespace is called the same.
    /// </summary>
    public static string DestinationName(DpuCluster cluster, IEnumerable<DpuCluster> all) =>
        all.Where(c => c.Metadata.Name == cluster.Metadata.Name)
            .OrderBy(c => c.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(c => c.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .FirstOrDefault() is { } first && first.Metadata.NamespaceProperty != cluster.Metadata.NamespaceProperty
            ? $"{cluster.Metadata.NamespaceProperty}-{cluster.Metadata.Name}"
            : cluster.Metadata.Name;
}
