using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Reconciling;

namespace Dpf.Services.Clusters;

/// <summary>A DPU cluster as this controller reaches it at present.</summary>
/// <param name="Cluster">The DPUCluster.</param>
/// <param name="Remote">Its client and caches, all complete; null while it does not answer.</param>
/// <param name="Problem">Why it does not answer; empty when it does.</param>
/// <param name="WasAsked">Whether it is known at all whether it answers.</param>
internal sealed record ClusterLink(DpuCluster Cluster, RemoteCluster? Remote, string Problem, bool WasAsked = true)
{
    /// <summary>The DPUCluster's key.</summary>
    public NamespacedName Name => new(Cluster.Metadata.NamespaceProperty, Cluster.Metadata.Name);

    /// <summary>Whether it is being deleted: nothing new goes there, and nobody waits for it.</summary>
    public bool IsLeaving => Cluster.IsDeleting();

    /// <summary>Whether things go there. Not before it has been asked once: a cluster that is new is not yet one that fails.</summary>
    public bool IsTarget => !IsLeaving && WasAsked;

    /// <summary>What users are told of a cluster that does not answer.</summary>
    public string Complaint =>
        $"DPUCluster {Name} does not answer: {Problem}; repair it, or delete the DPUCluster to give up what is in it";
}
