using Dpf.Api.Provisioning;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Provisioning.DpuSets;

/// <summary>Which DPUs of which nodes a DPUSet means: pure.</summary>
internal static class DpuSelection
{
    private const string FeaturePrefix = "feature.node.kubernetes.io/";

    /// <summary>The DPUs of a node that a set means.</summary>
    public static IEnumerable<HostDpu> Of(DpuSetSpec set, V1Node node) =>
        node.Metadata.DeletionTimestamp is null && set.NodeSelector.Selects(node.Metadata.Labels)
            ? HostDpu.Of(node).Where(d => Selects(set.DpuSelector, node, d.Index))
            : [];

    /// <summary>Whether a set means a DPU that it made before.</summary>
    /// <param name="set">The set.</param>
    /// <param name="dpu">The DPU.</param>
    /// <param name="node">Its host; null when that is gone.</param>
    public static bool Keeps(DpuSetSpec set, Dpu dpu, V1Node? node)
    {
        if (node is null)
        {
            return false;
        }

        // While a card restarts its host does not see it, and may lose what describes it: that is no reason to start over.
        var isAway = dpu.Status?.Phase is Dpus.DpuPhases.OsInstalling or Dpus.DpuPhases.Rebooting;
        if (!(isAway ? WithoutFeatures(set.NodeSelector) : set.NodeSelector).Selects(node.Metadata.Labels))
        {
            return false;
        }

        var label = dpu.Metadata.Labels?.TryGetValue(ProvisioningLabels.PciAddress, out var value) == true ? value : null;
        var known = HostDpu.Of(node).FirstOrDefault(d => d.Pci.Label == label);
        return known is null || Selects(set.DpuSelector, node, known.Index);
    }

    /// <summary>
    /// Without a selector the first DPU; with one every DPU that one of its labels speaks of and the node has.
    /// </summary>
    private static bool Selects(Dictionary<string, string>? selector, V1Node node, int index) => selector is null or { Count: 0 }
        ? index == 0
        : selector.Any(l => HostDpu.IndexOf(l.Key) == index && node.Metadata.Labels.TryGetValue(l.Key, out var value) && value == l.Value);

    private static V1LabelSelector? WithoutFeatures(V1LabelSelector? selector) => selector is null
        ? null
        : new V1LabelSelector
        {
            MatchLabels = selector.MatchLabels?.Where(l => !l.Key.StartsWith(FeaturePrefix, StringComparison.Ordinal)).ToDictionary(),
            MatchExpressions = selector.MatchExpressions?.Where(e => !e.Key.StartsWith(FeaturePrefix, StringComparison.Ordinal)).ToList(),
        };
}
