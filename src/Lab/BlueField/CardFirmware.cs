using System.Globalization;

namespace Dpf.Lab.BlueField;

/// <summary>
/// The settings of a card's firmware. <c>mlxconfig</c> on the card's computer changes them for the card's next reset; no installation
/// of a system touches them.
/// </summary>
internal sealed class CardFirmware
{
    /// <summary>What <c>mlxconfig</c> was told since the last reset, as lines <c>NAME=VALUE</c>: a file of the card's computer.</summary>
    public const string NextBoot = "/var/lib/mlxconfig/next-boot";

    // A function's number on the bus has eight bits, and the PF and its neighbour have the first two.
    private const int MostFunctions = 254;

    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal) { ["SRIOV_EN"] = "1", ["NUM_OF_VFS"] = "46" };

    /// <summary>How many virtual functions the PF can have.</summary>
    public int VirtualFunctions => Number("SRIOV_EN") == 0 ? 0 : Math.Clamp(Number("NUM_OF_VFS"), 0, MostFunctions);

    /// <summary>Puts settings in force: what a reset does.</summary>
    public void Apply(string nextBoot)
    {
        foreach (var setting in nextBoot.Split('\n').Select(l => l.Trim().Split('=', 2)).Where(s => s.Length == 2))
        {
            _settings[setting[0]] = setting[1];
        }
    }

    private int Number(string name) => int.TryParse(_settings[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
