using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>One virtual function of a machine's NIC.</summary>
/// <param name="Address">Its PCI address.</param>
/// <param name="Index">Its number at its physical function.</param>
internal sealed record VirtualFunction(string Address, int Index)
{
    /// <summary>The functions of a range that are there, in order, in a machine's <c>/sys</c>.</summary>
    public static IReadOnlyList<VirtualFunction> Find(string sys, FunctionRange range) => SysTree.DeviceOf(sys, range.Port) is { } device
        ?
        [
            .. Directory.EnumerateFileSystemEntries(device, "virtfn*")
                .Select(link => new VirtualFunction(
                    SysTree.AddressBehind(link),
                    int.Parse(Path.GetFileName(link)["virtfn".Length..], CultureInfo.InvariantCulture)))
                .Where(f => range.Has(f.Index))
                .OrderBy(f => f.Index),
        ]
        : [];
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
