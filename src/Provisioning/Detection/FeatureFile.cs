using System.Globalization;

namespace Dpf.Provisioning.Detection;

/// <summary>A BlueField card of a host.</summary>
/// <param name="Index">Its number in labels: the same for as long as the host is up.</param>
/// <param name="Address">Its PCI address without the function, e.g. <c>0000:03:00</c>.</param>
/// <param name="Pf0Name">The network device of its first function; null if it was never seen with one.</param>
/// <param name="Psid">Its parameter-set id, if that is collected.</param>
internal sealed record DetectedCard(int Index, string Address, string? Pf0Name, string? Psid)
{
    /// <summary>Its part number, as a label; null if it does not say.</summary>
    public string? PartNumber { get; init; }

    /// <summary>Its own memory, e.g. <c>32Gi</c>; null if it does not say.</summary>
    public string? Memory { get; init; }
}

/// <summary>
/// What the detector found, as the file that node feature discovery turns into labels. It is also the detector's memory, so that a
/// restart of it changes nothing.
/// </summary>
/// <param name="BootId">The host's boot that this was found in.</param>
/// <param name="Cards">The cards, by index.</param>
/// <param name="BridgeConfigured">Whether the host's bridge is as DPUs need it.</param>
internal sealed record FeatureFile(string BootId, IReadOnlyList<DetectedCard> Cards, bool BridgeConfigured)
{
    private const string BootLine = "# boot ";
    private const string AddressName = "pci-address";
    private const string Pf0Name = "pf0-name";
    private const string PsidName = "ps-id";
    private const string PartNumberName = "part-number";
    private const string MemoryName = "memory";
    private const string BridgeName = "dpu-oob-bridge-configured";

    /// <summary>The file's text: <c>name=value</c> lines.</summary>
    public string Text()
    {
        List<string> lines = [BootLine + BootId];
        foreach (var card in Cards)
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"dpu-{card.Index}-");
            lines.Add($"{prefix}{AddressName}={card.Address.Replace(':', '-')}");
            foreach (var (name, value) in ((string, string?)[])[(PsidName, card.Psid), (Pf0Name, card.Pf0Name), (PartNumberName, card.PartNumber), (MemoryName, card.Memory)])
            {
                if (value is not null)
                {
                    lines.Add($"{prefix}{name}={value}");
                }
            }
        }

        if (BridgeConfigured)
        {
            lines.Add(BridgeName + "=");
        }

        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Reads a file, whoever wrote it; what it does not understand it skips.</summary>
    public static FeatureFile Parse(string text)
    {
        var (boot, bridge) = ("", false);
        SortedDictionary<int, DetectedCard> cards = [];
        foreach (var line in text.Split('\n').Select(l => l.Trim()))
        {
            var parts = line.Split('=', 2);
            if (line.StartsWith(BootLine, StringComparison.Ordinal))
            {
                boot = line[BootLine.Length..];
            }
            else if (parts[0] == BridgeName)
            {
                bridge = true;
            }
            else if (parts is [var name, var value] && name.Split('-', 3) is ["dpu", var number, var what] &&
                int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                var card = cards.GetValueOrDefault(index) ?? new DetectedCard(index, "", null, null);
                cards[index] = what switch
                {
                    AddressName => card with { Address = value.Replace('-', ':') },
                    Pf0Name => card with { Pf0Name = value },
                    PsidName => card with { Psid = value },
                    PartNumberName => card with { PartNumber = value },
                    MemoryName => card with { Memory = value },
                    _ => card,
                };
            }
        }

        return new FeatureFile(boot, [.. cards.Values.Where(c => c.Address.Length > 0)], bridge);
    }

    /// <summary>
    /// What is to be said now. A card that was seen since the host booted stays with its index even while it is away: a reset takes
    /// it off the bus for a while, and without its labels the node would fall out of the DPUSets that chose it.
    /// </summary>
    /// <param name="bootId">The host's boot.</param>
    /// <param name="found">The cards on the bus: address, and the device of the first function.</param>
    /// <param name="bridgeConfigured">Whether the bridge is as it should be.</param>
    public FeatureFile With(string bootId, IEnumerable<(string Address, string? Pf0Name)> found, bool bridgeConfigured)
    {
        var cards = (bootId == BootId ? Cards : []).ToDictionary(c => c.Address);
        foreach (var (address, pf0) in found)
        {
            var known = cards.GetValueOrDefault(address) ?? new DetectedCard(FirstFree(cards.Values), address, null, null);
            cards[address] = known with { Pf0Name = pf0 ?? known.Pf0Name };
        }

        return new FeatureFile(bootId, [.. cards.Values.OrderBy(c => c.Index)], bridgeConfigured);
    }

    private static int FirstFree(IEnumerable<DetectedCard> cards)
    {
        var taken = cards.Select(c => c.Index).ToHashSet();
        return Enumerable.Range(0, int.MaxValue).First(index => !taken.Contains(index));
    }
}
