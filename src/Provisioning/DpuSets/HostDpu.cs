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
    private const string Prefix = "feature.node.kubernetes.io/dpu-";

    /// <summary>Its own memory, GiB; null when the labels do not say.</summary>
    public long? MemoryGib { get; private init; }

    /// <summary>Its part number; null when the labels do not say.</summary>
    public string? PartNumber { get; private init; }

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
                .Select(d => new HostDpu(d.Index, d.Pci!, Label(labels, d.Index, "pf0-name"))
                {
                    MemoryGib = Label(labels, d.Index, "memory") is { } memory && memory.EndsWith("Gi", StringComparison.Ordinal) &&
                        long.TryParse(memory[..^2], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null,
                    PartNumber = Label(labels, d.Index, "part-number"),
                })
                .OrderBy(d => d.Index),
        ];
    }

    /// <summary>The number that a label of a node speaks of; null when it is of no DPU.</summary>
    public static int? IndexOf(string label) => Feature().Match(label) is { Success: true } match
        ? int.Parse(match.Groups["index"].Value, CultureInfo.InvariantCulture)
        : null;

    private static string? Label(IDictionary<string, string> labels, int index, string what) =>
        labels.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{index}-{what}"), out var value) && value.Length > 0 ? value : null;

    [GeneratedRegex(@"^feature\.node\.kubernetes\.io/dpu-(?<index>[0-9]{1,4})-(?<what>.*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Feature();
}
