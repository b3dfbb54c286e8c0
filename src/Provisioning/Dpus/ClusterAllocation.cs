using System.Collections.Concurrent;
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

/// <summary>Gives DPUs to clusters, one at a time, so that no place is given twice.</summary>
internal sealed class ClusterAllocator(Cache cache)
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Given, but not yet seen by the informer.
    private readonly ConcurrentDictionary<string, NamespacedName> _given = new(StringComparer.Ordinal);

    /// <summary>Gives the DPU to a cluster; null when that is done, else why there is none.</summary>
    public async Task<string?> AllocateAsync(DpuScope scope, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var (cluster, why) = ClusterAllocation.Choose(cache.Informer<DpuCluster>().All, Assigned());
            if (cluster is not { } chosen)
            {
                return why;
            }

            await scope.PatchAsync(
                new JsonObject
                {
                    ["spec"] = new JsonObject { ["cluster"] = new JsonObject { ["name"] = chosen.Name, ["namespace"] = chosen.Namespace } },
                },
                cancellation);
            _given[scope.Dpu.Metadata.Uid] = chosen;
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    private Dictionary<NamespacedName, int> Assigned()
    {
        var dpus = cache.Informer<Dpu>().All.Where(d => !d.IsDeleting()).ToDictionary(d => d.Metadata.Uid, StringComparer.Ordinal);
        foreach (var (uid, _) in _given)
        {
            if (!dpus.TryGetValue(uid, out var dpu) || ClusterAllocation.Of(dpu) is not null)
            {
                _given.TryRemove(uid, out _);
            }
        }

        return dpus.Values.Select(d => ClusterAllocation.Of(d) ?? (_given.TryGetValue(d.Metadata.Uid, out var given) ? given : (NamespacedName?)null))
            .OfType<NamespacedName>().GroupBy(c => c).ToDictionary(g => g.Key, g => g.Count());
    }
}
