using Dpf.Chaining.Cni;
using Dpf.Chaining.DevicePlugin;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.OvsCni;

/// <summary>Finds the network interfaces of a device that a pod was given: an SF on the auxiliary bus, or a VF on the PCI bus.</summary>
internal static class DeviceNames
{
    /// <summary>The device's own interface.</summary>
    /// <exception cref="CniException">It has none here.</exception>
    public static string Netdev(IMachine machine, string device) =>
        new[] { $"/sys/bus/auxiliary/devices/{device}/net", $"/sys/bus/pci/devices/{device}/net" }
            .Select(folder => First(machine.Path(folder))).FirstOrDefault(n => n is not null)
        ?? throw new CniException(11, $"device {device} has no network interface on {machine.HostName} (yet): is it in another pod?");

    /// <summary>The switch's end of the device.</summary>
    /// <exception cref="CniException">There is none.</exception>
    public static string Representor(IMachine machine, string device)
    {
        var port = ScalableFunction.Of(machine, device).PortName;
        var classes = machine.Path("/sys/class/net");
        return (port is null || !Directory.Exists(classes)
                ? null
                : Directory.GetDirectories(classes)
                    .FirstOrDefault(d => Read(Path.Combine(d, "phys_port_name"))?.EndsWith(port, StringComparison.Ordinal) == true))
            is { } folder
            ? Path.GetFileName(folder)
            : throw new CniException(11, $"device {device} has no representor on {machine.HostName}");
    }

    private static string? First(string folder) =>
        Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).FirstOrDefault() : null;

    private static string? Read(string file)
    {
        try
        {
            return File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (IOException)
        {
            // Devices without a port name refuse to be read.
            return null;
        }
    }
}
