using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using k8s.Models;

namespace Dpf.Provisioning.Flavors;

/// <summary>What is known of a card before it is installed.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="MemoryGib">Its memory; null when nobody said.</param>
internal sealed record CardFacts(string Name, long? MemoryGib);

/// <summary>Whether a flavor fits a card: pure. One that does not would leave a card that never comes up again.</summary>
internal static class FlavorFit
{
    // What an operating system with a kubelet and the system's own pods needs beside huge pages.
    private const decimal LeastLeftGib = 5;
    private const decimal Gib = 1L << 30;

    /// <summary>What does not fit; empty when all does, as far as is known.</summary>
    public static IReadOnlyList<string> Problems(DpuFlavorSpec flavor, CardFacts card)
    {
        if (card.MemoryGib is not { } memory)
        {
            return [];
        }

        var problems = new List<string>();
        var pages = HugePages.Bytes(flavor.Grub?.KernelParameters) / Gib;
        var left = Amount(flavor.SystemReservedResources, "memory") is { } reserved ? reserved / Gib : LeastLeftGib;
        if (pages > 0 && pages + left > memory)
        {
            problems.Add(Text($"spec.grub.kernelParameters set {pages:0.##} GiB aside in huge pages, at least {left:0.##} GiB have to be left, and {card.Name} has {memory} GiB"));
        }

        if (Amount(flavor.DpuResources, "memory") is { } wanted && wanted / Gib > memory)
        {
            problems.Add(Text($"spec.dpuResources.memory is {wanted / Gib:0.##} GiB, and {card.Name} has {memory} GiB"));
        }

        return problems;
    }

    private static decimal? Amount(Dictionary<string, JsonNode>? resources, string name)
    {
        try
        {
            return resources?.TryGetValue(name, out var value) == true ? new ResourceQuantity(value.ToString()).ToDecimal() : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            // Made before such values were refused: nothing that could be compared.
            return null;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
