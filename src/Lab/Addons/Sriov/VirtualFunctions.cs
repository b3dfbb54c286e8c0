using System.Globalization;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>One virtual function of a machine's NIC.</summary>
/// <param name="Address">Its PCI address.</param>
/// <param name="Index">Its number at its physical function.</param>
internal sealed record VirtualFunction(string Address, int Index);

/// <summary>Which virtual functions a policy means: <c>ens1f0np0#2-45</c> is numbers 2 to 45 of that interface.</summary>
/// <param name="Interface">The physical function's interface.</param>
/// <param name="First">The first number; null for all.</param>
/// <param name="Last">The last number.</param>
internal sealed record FunctionRange(string Interface, int? First, int? Last)
{
    /// <summary>Reads a policy's <c>pfNames</c> entry.</summary>
    public static FunctionRange Parse(string text)
    {
        if (text.Split('#') is not [var name, var range])
        {
            return new FunctionRange(text, null, null);
        }

        var ends = range.Split('-').Select(e => int.Parse(e, CultureInfo.InvariantCulture)).ToList();
        return new FunctionRange(name, ends[0], ends[^1]);
    }

    /// <summary>The functions that are there, in order, in a machine's <c>/sys</c>.</summary>
    public IReadOnlyList<VirtualFunction> Find(string sys)
    {
        if (SysTree.DeviceOf(sys, Interface) is not { } device)
        {
            return [];
        }

        return
        [
            .. Directory.EnumerateFileSystemEntries(device, "virtfn*")
                .Select(link => new VirtualFunction(
                    SysTree.AddressBehind(link),
                    int.Parse(Path.GetFileName(link)["virtfn".Length..], CultureInfo.InvariantCulture)))
                .Where(f => First is null || (f.Index >= First && f.Index <= Last))
                .OrderBy(f => f.Index),
        ];
    }
}

/// <summary>
/// Another machine's <c>/sys</c>. Links are read, never followed: an absolute one, followed here, would leave that machine.
/// </summary>
internal static class SysTree
{
    /// <summary>The folder of the PCI device of an interface; null when there is none.</summary>
    public static string? DeviceOf(string sys, string name)
    {
        var link = new FileInfo(Path.Combine(sys, "class/net", name, "device"));
        if (link.LinkTarget is null)
        {
            return Directory.Exists(link.FullName) ? link.FullName : null;
        }

        var device = Path.Combine(sys, "bus/pci/devices", AddressBehind(link.FullName));
        return Directory.Exists(device) ? device : null;
    }

    /// <summary>The PCI address that a link names.</summary>
    public static string AddressBehind(string link) => Path.GetFileName((new FileInfo(link).LinkTarget ?? link).TrimEnd('/'));
}
