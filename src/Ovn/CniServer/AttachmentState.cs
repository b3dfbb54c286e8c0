using System.Text.Json;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.CniServer;

/// <summary>What a sandbox got, kept on the machine: a DEL has to undo it even when the pod's object is gone.</summary>
/// <param name="Device">The device's own name on the host.</param>
/// <param name="InterfaceName">Its name in the pod.</param>
public sealed record AttachmentState(string Device, string InterfaceName)
{
    private const string Folder = "/var/lib/ovn-kubernetes/sandboxes";

    /// <summary>Keeps the state of a sandbox.</summary>
    public void Save(IMachine machine, string containerId)
    {
        Directory.CreateDirectory(machine.Path(Folder));
        File.WriteAllText(PathOf(machine, containerId), JsonSerializer.Serialize(this));
    }

    /// <summary>The state of a sandbox, or null.</summary>
    public static AttachmentState? Load(IMachine machine, string containerId)
    {
        var path = PathOf(machine, containerId);
        return File.Exists(path) ? JsonSerializer.Deserialize<AttachmentState>(File.ReadAllText(path)) : null;
    }

    /// <summary>Forgets a sandbox.</summary>
    public static void Remove(IMachine machine, string containerId) => File.Delete(PathOf(machine, containerId));

    // An id is hexadecimal; whatever else a caller sends must not leave the folder.
    private static string PathOf(IMachine machine, string containerId) =>
        machine.Path($"{Folder}/{string.Concat(containerId.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-'))}.json");
}
