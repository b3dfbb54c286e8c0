using System.Globalization;
using k8s.Models;

namespace Dpf.Provisioning.DpuSets;

/// <summary>A DPU in a host, as the labels of the host's node tell.</summary>
/// <param name="Index">Its number in the host.</param>
/// <param name="Pci">Its PCI address.</param>
/// <param name="PfName">The name of its first PF; null when the labels do not say.</param>
internal sealed record HostDpu(int Index, PciAddress Pci, string? PfName)
{
    private const string Prefix = "feature.node.kubernetes.io/dpu-";
    private const string Address = "-pci-address";
    private const int LongestIndex = 4;

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
            .. labels.Where(l => l.Key.EndsWith(Address, StringComparison.Ordinal))
                .Select(l => (Index: IndexOf(l.Key), Pci: PciAddress.Parse(l.Value)))
                .Where(d => d is { Index: not null, Pci: not null })
                .Select(d => new HostDpu(d.Index!.Value, d.Pci!, Label(labels, d.Index.Value, "pf0-name"))
                {
                    MemoryGib = Label(labels, d.Index.Value, "memory") is { } memory && memory.EndsWith("Gi", StringComparison.Ordinal) &&
                        long.TryParse(memory[..^2], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null,
                    PartNumber = Label(labels, d.Index.Value, "part-number"),
                })
                .OrderBy(d => d.Index),
        ];
    }

    /// <summary>The number that a label of a node speaks of; null when it is of no DPU.</summary>
    public static int? IndexOf(string label)
    {
        if (!label.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = label.AsSpan(Prefix.Length);
        var dash = rest.IndexOf('-');
        return dash is > 0 and <= LongestIndex && int.TryParse(rest[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }

    private static string? Label(IDictionary<string, string> labels, int index, string what) =>
        labels.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{index}-{what}"), out var value) && value.Length > 0 ? value : null;
}
