using Dpf.Api.Provisioning;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>Makes the control planes of DPUClusters of one type.</summary>
internal interface IClusterManager
{
    /// <summary>The type: <c>spec.type</c> of its clusters.</summary>
    string Type { get; }

    /// <summary>Brings a control plane one step closer to what the cluster says.</summary>
    Task<ClusterReport> ReconcileAsync(DpuCluster cluster, CancellationToken cancellation);

    /// <summary>Removes a control plane; true when nothing is left of it.</summary>
    Task<bool> CleanUpAsync(DpuCluster cluster, CancellationToken cancellation);
}

/// <summary>What a manager says of a cluster.</summary>
/// <param name="Kubeconfig">The Secret with the administrator's kubeconfig; null before it is known.</param>
/// <param name="Facts">The manager's conditions.</param>
/// <param name="LookAgain">When to look again without a change; null for not before one.</param>
/// <param name="Withdrawn">A condition that was the manager's and says nothing any more; null for none.</param>
internal sealed record ClusterReport(
    string? Kubeconfig, IReadOnlyList<ClusterFact> Facts, TimeSpan? LookAgain = null, string? Withdrawn = null);

/// <summary>One condition that a manager sets.</summary>
/// <param name="Type">The condition.</param>
/// <param name="Holds">Whether it is so.</param>
/// <param name="Reason">Why, for machines.</param>
/// <param name="Message">Why, for people.</param>
internal sealed record ClusterFact(string Type, bool Holds, string Reason, string Message = "");
