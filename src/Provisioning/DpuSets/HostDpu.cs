using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;

namespace Dpf.Provisioning.DpuSets;

/// <summary>A DPU in a host, as the labels of the host's node tell.</summary>
/// <param name="Index">Its number in the host.</param>
/// <param name="Pci">Its PCI address.</param>
/// <param name="PfName">The name of its first PF; null when the labels do not say.</param>
internal sealed partial record HostDpu(int Index, PciAddress Pci, string? PfName)
{
    /// <summary>The DPUs of a node, by number.</summary>
    public static IReadOnlyList<HostDpu> Of(V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        return
        [
            .. labels.Select(l => (Match: Feature().Match(l.Key), l.Value))
                .Where(l => l.Match.Success && l.Match.Groups["what"].Value == "pci-address")
                .Select(l => (Index: int.Parse(l.Match.Groups["index"].Value, CultureInfo.InvariantCulture), Pci: PciAddress.Parse(l.Value)))
                .Where(d => d.Pci is not null)
                .Select(d => new HostDpu(d.Index, d.Pci!, labels.TryGetValue(
                    string.Create(CultureInfo.InvariantCulture, $"feature.node.kubernetes.io/dpu-{d.Index}-pf0-name"), out var name) && name.Length > 0 ? name : null))
                .OrderBy(d => d.Index),
        ];
    }

    /// <summary>The number that a label of a node speaks of; null when it is of no DPU.</summary>
    public static int? IndexOf(string label) => Feature().Match(label) is { Success: true } match
        ? int.Parse(match.Groups["index"].Value, CultureInfo.InvariantCulture)
        : null;

    [GeneratedRegex(@"^feature\.node\.kubernetes\.io/dpu-(?<index>[0-9]{1,4})-(?<what>.*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Feature();
}
