using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>A scalable function (SF) of a DPU's card, as the kernel's auxiliary bus shows it.</summary>
/// <param name="Device">Its device, e.g. <c>mlx5_core.sf.2</c>.</param>
/// <param name="Number">The number that it was created with; null where the kernel does not tell.</param>
/// <param name="Card">The PCI address of the card's port, e.g. <c>0000:03:00.0</c>; null where the kernel does not tell.</param>
internal sealed record ScalableFunction(string Device, int? Number, string? Card)
{
    private const string Bus = "/sys/bus/auxiliary/devices";

    /// <summary>How the name of its representor's port ends, e.g. <c>pf0sf1</c>: both ports of a card may have an SF of one number.</summary>
    public string? PortName => Number is not { } number ? null
        : Card is { } card ? string.Create(CultureInfo.InvariantCulture, $"pf{card[^1]}sf{number}")
        : string.Create(CultureInfo.InvariantCulture, $"sf{number}");

    /// <summary>All of a machine.</summary>
    public static IEnumerable<ScalableFunction> All(IMachine machine)
    {
        var bus = machine.Path(Bus);
        return !Directory.Exists(bus)
            ? []
            : Directory.GetFileSystemEntries(bus).Select(entry => Path.GetFileName(entry))
                .Where(device => device.Contains(".sf.", StringComparison.Ordinal))
                .Select(device => Of(machine, device));
    }

    /// <summary>The one of this device, whether or not it is there.</summary>
    public static ScalableFunction Of(IMachine machine, string device)
    {
        var folder = machine.Path($"{Bus}/{device}");

        // The bus has a link to the device, which is a folder in that of the port's PCI device.
        var card = new DirectoryInfo(folder).LinkTarget is { } target ? Path.GetFileName(Path.GetDirectoryName(target)) : null;
        return new ScalableFunction(device, NumberIn(Path.Combine(folder, "sfnum")), card is { Length: > 0 } ? card : null);
    }

    /// <summary>Whether it is among these.</summary>
    public bool IsAmong(IMachine machine, FunctionRange range) =>
        (range.Numbers.Count == 0 || (Number is { } number && range.Has(number))) &&
        (Card is null || Path.Exists(machine.Path($"/sys/bus/pci/devices/{Card}/net/{range.Port}")));

    private static int? NumberIn(string file) =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
