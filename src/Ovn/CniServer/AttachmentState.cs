using System.Text.Json;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.CniServer;

/// <summary>
/// What a sandbox got, kept on the machine: a DEL has to undo it even when the pod's object is gone, and a VF that comes back after
/// the DPU's reboot has to become the same interface again.
/// </summary>
/// <param name="Device">The device's own name on the host.</param>
/// <param name="InterfaceName">Its name in the pod.</param>
public sealed record AttachmentState(string Device, string InterfaceName)
{
    private const string Folder = "/var/lib/ovn-kubernetes/sandboxes";

    /// <summary>The sandbox's network namespace, a path on the machine.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>The VF's PCI address; null for anything but a VF.</summary>
    public string? PciAddress { get; init; }

    /// <summary>The pod, as namespace/name, for the log.</summary>
    public string? Pod { get; init; }

    /// <summary>The name of the network configuration.</summary>
    public string? NetworkName { get; init; }

    /// <summary>The pod's addresses and routes, as its annotation says them.</summary>
    public string? Addresses { get; init; }

    /// <summary>The MTU that the interface was given.</summary>
    public int Mtu { get; init; }

    /// <summary>Keeps the state of a sandbox.</summary>
    public void Save(IMachine machine, string containerId)
    {
        Directory.CreateDirectory(machine.Path(Folder));
        var path = PathOf(machine, containerId);

        // Whole or not at all: the agent may be killed at any instruction.
        File.WriteAllText(path + ".tmp", JsonSerializer.Serialize(this));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    /// <summary>The state of a sandbox, or null.</summary>
    public static AttachmentState? Load(IMachine machine, string containerId) => Read(PathOf(machine, containerId));

    /// <summary>All sandboxes by their ids.</summary>
    public static IReadOnlyList<(string ContainerId, AttachmentState State)> All(IMachine machine)
    {
        var folder = machine.Path(Folder);
        return Directory.Exists(folder)
            ?
            [
                .. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)
                    .Select(f => (Id: System.IO.Path.GetFileNameWithoutExtension(f), State: Read(f)))
                    .Where(f => f.State is not null).Select(f => (f.Id, f.State!)),
            ]
            : [];
    }

    /// <summary>Forgets a sandbox, if it is known.</summary>
    public static void Remove(IMachine machine, string containerId)
    {
        // Deleting a file that is not there is no failure; in a folder that is not there it is.
        var path = PathOf(machine, containerId);
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    private static AttachmentState? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<AttachmentState>(File.ReadAllText(path));
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    // An id is hexadecimal; whatever else a caller sends must not leave the folder.
    private static string PathOf(IMachine machine, string containerId) =>
        machine.Path($"{Folder}/{string.Concat(containerId.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-'))}.json");
}
