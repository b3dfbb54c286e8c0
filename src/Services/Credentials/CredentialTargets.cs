using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Clusters;

namespace Dpf.Services.Credentials;

/// <summary>The clusters that credentials are asked of.</summary>
/// <param name="management">The management cluster's client.</param>
/// <param name="here">How others reach the management cluster.</param>
/// <param name="links">The DPU clusters.</param>
internal sealed class CredentialTargets(KubeClient management, TargetCluster here, DpuClusterLinks links)
{
    /// <summary>A cluster by the key of its DPUCluster; null is the management cluster.</summary>
    /// <exception cref="InvalidOperationException">It does not exist, or does not answer.</exception>
    public (KubeClient Client, TargetCluster Target) Get(NamespacedName? cluster)
    {
        if (cluster is null)
        {
            return (management, here);
        }

        var link = links.All.FirstOrDefault(l => l.Name == cluster) ?? throw new InvalidOperationException(
            $"there is no DPUCluster {cluster} with a control plane; create it, or correct spec.targetCluster");
        var remote = link.Remote ?? throw new InvalidOperationException(link.Complaint);
        var connection = remote.Client.Connection;
        return (remote.Client, new TargetCluster(cluster.Value.Name, connection.Server, connection.CertificateAuthority ?? ""));
    }

    /// <summary>Whether a cluster is no more, with everything that was in it.</summary>
    public bool IsGone(NamespacedName? cluster) =>
        cluster is { } key && links.Clusters.All(c => c.Metadata.NamespaceProperty != key.Namespace || c.Metadata.Name != key.Name);

    /// <summary>The cluster that a request asks for; null is the management cluster.</summary>
    public static NamespacedName? Wanted(DpuServiceCredentialRequest request) =>
        request.Spec.TargetCluster is { } target ? Names.Of(target) : null;
}
