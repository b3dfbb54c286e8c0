using System.Collections.Concurrent;
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
    // By the port's name. A representor keeps its device as long as it lives: one look at the device is enough to know it again.
    private readonly ConcurrentDictionary<string, string> _representors = new(StringComparer.Ordinal);

    // By the VF's address: a card has many VFs, and each is where it was.
    private readonly ConcurrentDictionary<string, string> _links = new(StringComparer.Ordinal);

    /// <summary>The VF at a PCI address.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it is not a VF.</exception>
    public VirtualFunction AtAddress(string address)
    {
        var folder = machine.Path("/sys/bus/pci/devices/" + address);
        var parent = LinkName(System.IO.Path.Combine(folder, "physfn")) ?? throw new InvalidOperationException(
            $"{machine.HostName}: PCI device {address} is not there or is not a virtual function; is the device plugin's pool right?");
        var parentFolder = machine.Path("/sys/bus/pci/devices/" + parent);
        if (!_links.TryGetValue(address, out var link) || LinkName(link) != address)
        {
            link = Directory.EnumerateFileSystemEntries(parentFolder, "virtfn*").FirstOrDefault(l => LinkName(l) == address) ??
                throw new InvalidOperationException($"{machine.HostName}: PCI device {parent} has no virtfn link to {address}");
            _links[address] = link;
        }

        return new VirtualFunction(
            int.Parse(parent[(parent.LastIndexOf('.') + 1)..], CultureInfo.InvariantCulture),
            int.Parse(System.IO.Path.GetFileName(link)["virtfn".Length..], CultureInfo.InvariantCulture),
            NetdevAt(address));
    }

    /// <summary>
    /// The network device of the function at a PCI address; null while that is in a pod, or off the bus, or bound to another driver.
    /// </summary>
    public string? NetdevAt(string address)
    {
        var folder = machine.Path($"/sys/bus/pci/devices/{address}/net");
        try
        {
            return Directory.Exists(folder)
                ? Directory.EnumerateFileSystemEntries(folder).Select(System.IO.Path.GetFileName).FirstOrDefault()
                : null;
        }
        catch (DirectoryNotFoundException)
        {
            // It went this very moment.
            return null;
        }
    }

    /// <summary>The VF behind a network device; null when the device is not there or not a VF.</summary>
    public VirtualFunction? OfNetdev(string netdev) =>
        LinkName(machine.Path($"/sys/class/net/{netdev}/device")) is { } address &&
        LinkName(machine.Path($"/sys/bus/pci/devices/{address}/physfn")) is not null
            ? AtAddress(address)
            : null;

    /// <summary>The representor of a VF on the DPU; null while it is not there.</summary>
    /// <param name="pfId">The PF's function number.</param>
    /// <param name="vfId">The VF's index.</param>
    /// <param name="isThere">Whether somebody knows for sure that this device, which was the VF's, is there still.</param>
    public string? Representor(int pfId, int vfId, Func<string, bool>? isThere = null)
    {
        var port = string.Create(CultureInfo.InvariantCulture, $"pf{pfId}vf{vfId}");
        if (_representors.TryGetValue(port, out var known) && (isThere?.Invoke(known) == true || Port(known) == port))
        {
            return known;
        }

        string? found = null;
        foreach (var (name, its) in Representors())
        {
            _representors[its] = name;
            found = its == port ? name : found;
        }

        return found;
    }

    /// <summary>The representor of the host's PF among these ports; null while it is not there.</summary>
    public string? HostRepresentor(IReadOnlyCollection<string> ports) => Representors(ports)
        .Where(r => r.Port.StartsWith("pf", StringComparison.Ordinal) && r.Port[2..].All(char.IsAsciiDigit)).Select(r => r.Name).FirstOrDefault()
        ?? ports.FirstOrDefault(p => p.EndsWith("hpf", StringComparison.Ordinal));

    private IEnumerable<(string Name, string Port)> Representors(IReadOnlyCollection<string>? among = null)
    {
        var folder = machine.Path("/sys/class/net");
        return Directory.Exists(folder)
            ? Directory.EnumerateFileSystemEntries(folder)
                .Select(entry => System.IO.Path.GetFileName(entry))
                .Where(name => among?.Contains(name) != false && Read(name, "phys_switch_id").Length > 0)
                .Select(name => (name, Port(name)))
            : [];
    }

    private string Port(string name) => WithoutController(Read(name, "phys_port_name"));

    /// <summary><c>c1pf0vf3</c> is <c>pf0vf3</c> of the external controller.</summary>
    private static string WithoutController(string port) =>
        port.Length > 2 && port[0] == 'c' && char.IsAsciiDigit(port[1]) ? port[port.IndexOf('p', StringComparison.Ordinal)..] : port;

    private string Read(string netdev, string file)
    {
        var path = machine.Path($"/sys/class/net/{netdev}/{file}");
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
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
