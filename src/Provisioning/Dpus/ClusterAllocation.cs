using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;

namespace Dpf.Provisioning.Dpus;

/// <summary>Which cluster a DPU goes to: pure.</summary>
internal static class ClusterAllocation
{
    private const int UsualMaxNodes = 1000;

    /// <summary>The first cluster, by name and namespace, that is ready and has a place.</summary>
    /// <param name="clusters">The clusters.</param>
    /// <param name="assigned">How many DPUs each of them has.</param>
    /// <returns>The cluster, or (null) why there is none.</returns>
    public static (NamespacedName? Cluster, string Why) Choose(
        IEnumerable<DpuCluster> clusters, IReadOnlyDictionary<NamespacedName, int> assigned)
    {
        var reasons = new List<string>();
        foreach (var cluster in clusters.OrderBy(c => c.Metadata.Name, StringComparer.Ordinal)
            .ThenBy(c => c.Metadata.NamespaceProperty, StringComparer.Ordinal))
        {
            var key = new NamespacedName(cluster.Metadata.NamespaceProperty, cluster.Metadata.Name);
            var places = cluster.Spec.MaxNodes ?? UsualMaxNodes;
            if (cluster.IsDeleting())
            {
                reasons.Add($"{key} is being deleted");
            }
            else if (cluster.Status?.Phase != "Ready")
            {
                reasons.Add($"{key} is not ready");
            }
            else if (assigned.GetValueOrDefault(key) >= places)
            {
                reasons.Add($"{key} is full (maxNodes {places})");
            }
            else
            {
                return (key, "");
            }
        }

        return (null, reasons.Count == 0 ? "there is no DPUCluster; create one" : "no DPUCluster has a place: " + string.Join("; ", reasons));
    }

    /// <summary>The cluster that a DPU belongs to; its namespace falls back to the DPU's own.</summary>
    public static NamespacedName? Of(Dpu dpu) => dpu.Spec.Cluster?.Name is { Length: > 0 } name
        ? new NamespacedName(string.IsNullOrEmpty(dpu.Spec.Cluster.Namespace) ? dpu.Metadata.NamespaceProperty : dpu.Spec.Cluster.Namespace, name)
        : null;
}

/// <summary>Gives DPUs to clusters; a place is taken before it is written down, so that none is given twice.</summary>
internal sealed class ClusterAllocator(Cache cache)
{
    private readonly Lock _lock = new();

    // Given, but not yet seen by the informer.
    private readonly Dictionary<NamespacedName, (string Uid, NamespacedName Cluster)> _given = [];

    /// <summary>Gives the DPU to a cluster; null when that is done, else why there is none.</summary>
    public async Task<string?> AllocateAsync(DpuScope scope, CancellationToken cancellation)
    {
        var (cluster, why) = Take(scope);
        if (cluster is not { } chosen)
        {
            return why;
        }

        try
        {
            await scope.PatchAsync(
                new JsonObject
                {
                    ["spec"] = new JsonObject { ["cluster"] = new JsonObject { ["name"] = chosen.Name, ["namespace"] = chosen.Namespace } },
                },
                cancellation);
            return null;
        }
        catch (KubeException)
        {
            // Refused, so not written. After any other failure it may have been: the place stays taken until the DPU is seen.
            lock (_lock)
            {
                _given.Remove(scope.Key);
            }

            throw;
        }
    }

    private (NamespacedName? Cluster, string Why) Take(DpuScope scope)
    {
        lock (_lock)
        {
            var dpus = cache.Informer<Dpu>();
            foreach (var (key, given) in _given.ToList())
            {
                if (dpus.Get(key.Namespace, key.Name) is not { } dpu || dpu.Metadata.Uid != given.Uid || ClusterAllocation.Of(dpu) is not null || key == scope.Key)
                {
                    _given.Remove(key);
                }
            }

            var clusters = cache.Informer<DpuCluster>().All;
            var assigned = clusters.Select(c => new NamespacedName(c.Metadata.NamespaceProperty, c.Metadata.Name))
                .ToDictionary(c => c, c => dpus.CountIn(c) + _given.Values.Count(g => g.Cluster == c));
            var (cluster, why) = ClusterAllocation.Choose(clusters, assigned);
            if (cluster is { } chosen)
            {
                _given[scope.Key] = (scope.Dpu.Metadata.Uid, chosen);
            }

            return (cluster, why);
        }
    }
}
