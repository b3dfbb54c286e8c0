using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>From what is known of a DPUCluster to its phase and its Ready condition: pure.</summary>
internal static class ClusterPhases
{
    /// <summary>Whether its manager says that all is done, so that the control plane can be asked itself.</summary>
    public static bool IsCreated(DpuCluster cluster) =>
        cluster.Status?.Conditions is { } conditions && conditions.IsTrue(ClusterContract.Created) &&
        conditions.Where(c => c.Type != ClusterContract.Ready).All(c => c.Status == "True");

    /// <summary>The phase, with Ready set in <paramref name="conditions"/>.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="conditions">Its conditions; Ready is changed.</param>
    /// <param name="failure">Why the control plane did not answer; null when it did. Of no account before it is created.</param>
    /// <param name="remaining">How many DPUs a cluster that is being deleted still has.</param>
    /// <param name="now">The time.</param>
    public static string Next(DpuCluster cluster, IList<V1Condition> conditions, string? failure, int remaining, DateTimeOffset now)
    {
        var generation = cluster.Metadata.Generation;
        var phase = cluster.Phase();
        if (cluster.Metadata.DeletionTimestamp is not null)
        {
            conditions.SetFalse(
                ClusterContract.Ready, Reasons.AwaitingDeletion, remaining > 0 ? $"{remaining} DPUs are in this cluster; delete them first" : "",
                generation, now);
            return phase;
        }

        if (!IsCreated(cluster))
        {
            var missing = conditions.Where(c => c.Type != ClusterContract.Ready && c.Status != "True").Select(c => c.Type).ToList();
            conditions.SetFalse(
                ClusterContract.Ready, "NotCreated",
                missing.Count > 0
                    ? "The following conditions are not ready: " + string.Join(", ", missing)
                    : $"no cluster manager has taken up type '{cluster.Spec.Type}' yet; is one of this type running?",
                generation, now);
            return phase is ClusterContract.ReadyPhase or ClusterContract.NotReady ? ClusterContract.NotReady : ClusterContract.Creating;
        }

        if (failure is not null)
        {
            conditions.SetFalse(ClusterContract.Ready, "HealthCheckFailed", failure, generation, now);
            return ClusterContract.NotReady;
        }

        conditions.Set(ClusterContract.Ready, true, "HealthCheckPassed", "", generation, now);
        return ClusterContract.ReadyPhase;
    }
}
