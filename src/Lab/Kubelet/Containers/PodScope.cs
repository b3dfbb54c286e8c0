using Dpf.Lab.Kubelet.Devices;
using Dpf.Lab.Kubelet.Networking;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Lab.Kubelet.Probes;
using Dpf.Lab.Kubelet.Volumes;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>What the containers of one pod share.</summary>
internal sealed record PodScope(
    NodeContext Node, Func<V1Pod> Pod, Sandbox Sandbox, PodVolumes Volumes, IReadOnlyDictionary<string, DeviceAllocation> Devices)
{
    /// <summary>The pod's network.</summary>
    public INetworkNamespace Network { get; } = Sandbox.NetworkPath is null ? Node.Machine.Network : Node.Machine.NetworkAt(Sandbox.NetworkPath);

    /// <summary>The pod's fields.</summary>
    public PodFields Fields => new(Pod(), Node.Options.NodeIp, Sandbox.Addresses, Node.Options.Capacity);

    /// <summary>Probes the pod's containers.</summary>
    public Prober Prober => new(Node, Network, Sandbox.Addresses.Count > 0 ? Sandbox.Addresses[0] : "127.0.0.1");

    /// <summary>Where a container's log is, on the machine.</summary>
    public static string LogPath(V1Pod pod, string container, int run) => $"{LogFolder(pod)}/{container}/{run}.log";

    /// <summary>Where a pod's logs are, on the machine.</summary>
    public static string LogFolder(V1Pod pod) =>
        $"/var/log/pods/{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}_{pod.Metadata.Uid}";
}
