using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Services.Ipam;

/// <summary>Whether every node that a pool is for has its part: pure.</summary>
internal static class PoolReadiness
{
    /// <summary>Who has none; null when nobody lacks any.</summary>
    public static string? Problem(PoolSpec pool, PoolStatus? status, IEnumerable<V1Node> nodes)
    {
        var served = (status?.Allocations ?? []).Select(a => a.NodeName).ToHashSet();
        var missing = nodes.Where(n => pool.NodeSelector.Selects(n) && !served.Contains(n.Metadata.Name))
            .Select(n => n.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        return missing.Count == 0
            ? null
            : $"no addresses yet for {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? $" and {missing.Count - 5} more" : "")}";
    }
}
