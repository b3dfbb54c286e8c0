using System.Globalization;

namespace Dpf.Provisioning.Detection;

/// <summary>The PCI functions of a host, as <c>/sys/bus/pci/devices</c> shows them.</summary>
/// <param name="folder">That folder, as this process can open it.</param>
internal sealed class PciFunctions(string folder)
{
    private const int MostFunctions = 8;

    /// <summary>Device ids of BlueField's physical functions: BlueField-3 and BlueField-2.</summary>
    private static readonly string[] BlueFields = ["0xa2dc", "0xa2d6"];

    /// <summary>Device ids of the functions through which rshim reaches a BlueField, of the first generation to the third.</summary>
    private static readonly string[] Managements = ["0xc2d2", "0xc2d3", "0xc2d4", "0xc2d5"];

    /// <summary>The addresses of the BlueField cards without the function, e.g. <c>0000:03:00</c>, in order.</summary>
    public IReadOnlyList<string> Cards() =>
    [
        .. (Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : [])
            .Select(path => Path.GetFileName(path))
            .Where(IsBlueField)
            .Select(address => address[..address.LastIndexOf('.')])
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Whether there is a function.</summary>
    public bool Has(string address) => Directory.Exists(Path.Combine(folder, address));

    /// <summary>Whether a function is a physical one of a BlueField.</summary>
    public bool IsBlueField(string address) =>
        address.Contains('.', StringComparison.Ordinal) && Read(address, "device") is { } device && BlueFields.Contains(device);

    /// <summary>The function through which rshim reaches a card: the one after its ports; null when the host does not show it.</summary>
    /// <param name="card">The card's address without the function.</param>
    public string? Management(string card) => Enumerable.Range(0, MostFunctions)
        .Select(number => string.Create(CultureInfo.InvariantCulture, $"{card}.{number}"))
        .FirstOrDefault(address => Read(address, "device") is { } device && Managements.Contains(device));

    /// <summary>The network device of a function; null while it has none in this network.</summary>
    public string? NetDevice(string address)
    {
        var path = Path.Combine(folder, address, "net");
        return Directory.Exists(path)
            ? Directory.GetFileSystemEntries(path).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
    }

    /// <summary>The addresses of a function's virtual functions, in order.</summary>
    public IReadOnlyList<string> VirtualFunctions(string address)
    {
        var path = Path.Combine(folder, address);
        return
        [
            .. (Directory.Exists(path) ? Directory.GetFileSystemEntries(path, "virtfn*") : [])
                .OrderBy(p => int.Parse(Path.GetFileName(p)["virtfn".Length..], CultureInfo.InvariantCulture))
                .Select(p => Path.GetFileName(new FileInfo(p).LinkTarget ?? p)),
        ];
    }

    /// <summary>How many virtual functions a function has and may have; null when it can have none.</summary>
    public (int Count, int Limit)? VirtualFunctionCount(string address) =>
        int.TryParse(Read(address, "sriov_numvfs"), CultureInfo.InvariantCulture, out var count) &&
        int.TryParse(Read(address, "sriov_totalvfs"), CultureInfo.InvariantCulture, out var limit)
            ? (count, limit)
            : null;

    /// <summary>What a function says of its product; null when it is not there, or says nothing.</summary>
    public byte[]? ProductData(string address)
    {
        try
        {
            var path = Path.Combine(folder, address, "vpd");
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The card may be in the middle of a reset.
            return null;
        }
    }

    /// <summary>Makes virtual functions of a function that has none.</summary>
    /// <exception cref="IOException">The driver refuses.</exception>
    public void CreateVirtualFunctions(string address, int count) => File.WriteAllText(
        Path.Combine(folder, address, "sriov_numvfs"), count.ToString(CultureInfo.InvariantCulture));

    private string? Read(string address, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, address, file)).Trim();
        }
        catch (IOException)
        {
            // The card may be in the middle of a reset.
            return null;
        }
    }
}
