using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;

namespace Dpf.Provisioning.DpuSets;

/// <summary>How many DPUs of a set are in which phase: pure.</summary>
internal static class DpuStatistics
{
    /// <summary>The phases that there are DPUs in.</summary>
    public static Dictionary<string, int> Of(IEnumerable<Dpu> dpus) => dpus
        .GroupBy(d => d.Metadata.DeletionTimestamp is not null ? DpuPhases.Deleting
            : string.IsNullOrEmpty(d.Status?.Phase) ? DpuPhases.Initializing : d.Status.Phase)
        .OrderBy(g => g.Key, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
}
