namespace Dpf.Lab.Kubelet.Devices;

/// <summary>A device file that a plugin gives to a container.</summary>
internal sealed record DeviceNode(string ContainerPath, string HostPath);

/// <summary>What a device plugin gives to a container.</summary>
internal sealed record DeviceAllocation(
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<(string ContainerPath, string HostPath, bool ReadOnly)> Mounts,
    IReadOnlyList<DeviceNode> Devices)
{
    public static DeviceAllocation None { get; } = new(new Dictionary<string, string>(), [], []);
}
