using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>A virtual function of a network card.</summary>
/// <param name="PfId">The function number of its PF's PCI address.</param>
/// <param name="VfId">Its index under that PF.</param>
/// <param name="Netdev">Its network device; null while that is in a pod, or it is bound to another driver.</param>
public sealed record VirtualFunction(int PfId, int VfId, string? Netdev);

/// <summary>Reads a machine's <c>/sys</c> for network functions and representors.</summary>
public sealed class PciDevices(IMachine machine)
{
    /// <summary>The VF at a PCI address.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it is not a VF.</exception>
    public VirtualFunction AtAddress(string address)
    {
        var folder = machine.Path("/sys/bus/pci/devices/" + address);
        var parent = LinkName(System.IO.Path.Combine(folder, "physfn")) ?? throw new InvalidOperationException(
            $"{machine.HostName}: PCI device {address} is not there or is not a virtual function; is the device plugin's pool right?");
        var parentFolder = machine.Path("/sys/bus/pci/devices/" + parent);
        var index = Directory.EnumerateFileSystemEntries(parentFolder, "virtfn*")
            .FirstOrDefault(link => LinkName(link) == address) ?? throw new InvalidOperationException(
            $"{machine.HostName}: PCI device {parent} has no virtfn link to {address}");
        var netdevs = System.IO.Path.Combine(folder, "net");
        return new VirtualFunction(
            int.Parse(parent[(parent.LastIndexOf('.') + 1)..], CultureInfo.InvariantCulture),
            int.Parse(System.IO.Path.GetFileName(index)["virtfn".Length..], CultureInfo.InvariantCulture),
            Directory.Exists(netdevs)
                ? Directory.EnumerateFileSystemEntries(netdevs).Select(System.IO.Path.GetFileName).FirstOrDefault()
                : null);
    }

    /// <summary>The VF behind a network device; null when the device is not there or not a VF.</summary>
    public VirtualFunction? OfNetdev(string netdev) =>
        LinkName(machine.Path($"/sys/class/net/{netdev}/device")) is { } address &&
        LinkName(machine.Path($"/sys/bus/pci/devices/{address}/physfn")) is not null
            ? AtAddress(address)
            : null;

    /// <summary>The representor of a VF on the DPU; null while it is not there.</summary>
    public string? Representor(int pfId, int vfId) => Representor(
        name => string.Equals(name, string.Create(CultureInfo.InvariantCulture, $"pf{pfId}vf{vfId}"), StringComparison.Ordinal));

    /// <summary>The representor of the host's PF among these ports; null while it is not there.</summary>
    public string? HostRepresentor(IReadOnlyCollection<string> ports) => Representor(
        name => name.StartsWith("pf", StringComparison.Ordinal) && name[2..].All(char.IsAsciiDigit), ports)
        ?? ports.FirstOrDefault(p => p.EndsWith("hpf", StringComparison.Ordinal));

    private string? Representor(Func<string, bool> isWanted, IReadOnlyCollection<string>? among = null)
    {
        var folder = machine.Path("/sys/class/net");
        if (!Directory.Exists(folder))
        {
            return null;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
        {
            var name = System.IO.Path.GetFileName(entry);
            if (among?.Contains(name) != false && Read(name, "phys_switch_id").Length > 0 &&
                isWanted(WithoutController(Read(name, "phys_port_name"))))
            {
                return name;
            }
        }

        return null;
    }

    /// <summary><c>c1pf0vf3</c> is <c>pf0vf3</c> of the external controller.</summary>
    private static string WithoutController(string port) =>
        port.Length > 2 && port[0] == 'c' && char.IsAsciiDigit(port[1]) ? port[port.IndexOf('p', StringComparison.Ordinal)..] : port;

    private string Read(string netdev, string file)
    {
        try
        {
            return File.ReadAllText(machine.Path($"/sys/class/net/{netdev}/{file}")).Trim();
        }
        catch (IOException)
        {
            // Devices of other kinds have no such file, or answer "operation not supported".
            return "";
        }
    }

    /// <summary>
    /// The last part of what a link points to. Never followed: an absolute target means a path on the machine, not here.
    /// </summary>
    private static string? LinkName(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget is { } target ? System.IO.Path.GetFileName(target.TrimEnd('/')) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
