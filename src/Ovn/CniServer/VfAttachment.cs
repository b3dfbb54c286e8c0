using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Ovn.CniServer;

/// <summary>Moves a VF into the pod, after the DPU has connected its representor.</summary>
public sealed class VfAttachment(NodeContext node) : IPodAttachment
{
    private readonly PodLookup _pods = new(node);

    /// <inheritdoc />
    public string? NotReady => NodeAnnotations.Plain(node.Annotations, NodeAnnotations.ChassisId) is null
        ? "the DPU of this node has not reported yet"
        : null;

    private IMachine Machine => node.Component.Machine;

    /// <inheritdoc />
    public async Task<(PodNetwork Network, Attached Attached)> AddAsync(CniRequest request, CancellationToken cancellation)
    {
        var address = request.Config.DeviceId ?? throw new InvalidOperationException(
            $"pod {request.Namespace}/{request.Pod} has no VF (no deviceID in the network configuration): on a node with a DPU each " +
            "pod needs one; was it created before the resource injector ran?");
        var function = node.Pci.AtAddress(address);
        var state = AttachmentState.Load(Machine, request.ContainerId);
        var device = state?.Device ?? function.Netdev ?? throw new InvalidOperationException(
            $"the VF {address} has no network device; is it in another pod still?");
        var details = new ConnectionDetails($"{function.PfId}", $"{function.VfId}", request.ContainerId, device);
        await node.Client.AnnotateAsync<V1Pod>(
            request.Namespace, request.Pod,
            [new KeyValuePair<string, string?>(ConnectionDetails.Annotation, details.Write())],
            cancellation, request.PodUid);
        var (_, network) = await _pods.WaitAsync(request, pod => IsConnected(pod, request), cancellation);

        new AttachmentState(device, request.InterfaceName).Save(Machine, request.ContainerId);
        if (await node.Links.FindAsync(device, cancellation) is not null)
        {
            // Under a name that no sandbox has, so that the move cannot clash.
            var passing = "mv" + request.ContainerId[..Math.Min(10, request.ContainerId.Length)];
            await node.Links.BatchAsync(
                [
                    $"link set {device} down",
                    $"link set {device} name {passing}",
                    $"link set {passing} netns {request.NetworkNamespace}",
                ],
                cancellation);
            device = passing;
        }
        else
        {
            device = request.InterfaceName;
        }

        await PodInterface.ConfigureAsync(node.Links, request, device, network, node.Settings.Network.Mtu, cancellation);
        return (network, new Attached(""));
    }

    /// <inheritdoc />
    public async Task DeleteAsync(CniRequest request, CancellationToken cancellation)
    {
        await TellDpuAsync(request, cancellation);
        if (AttachmentState.Load(Machine, request.ContainerId) is not { } state)
        {
            return;
        }

        if (request.NetworkNamespace is { } ns && File.Exists(Machine.Path(ns)))
        {
            await node.Links.BatchAsync(
                [
                    $"link set {state.InterfaceName} down",
                    $"link set {state.InterfaceName} name {state.Device}",
                    $"link set {state.Device} netns /proc/1/ns/net",
                ],
                cancellation, ns);
        }

        AttachmentState.Remove(Machine, request.ContainerId);
    }

    private static bool IsConnected(V1Pod pod, CniRequest request)
    {
        var status = ConnectionStatus.Read(pod.Metadata.Annotations);
        if (status is null || (status.SandboxId?.Length > 0 && status.SandboxId != request.ContainerId))
        {
            return false;
        }

        return status.Status == "Ready" || (status.Status == "Error"
            ? throw new InvalidOperationException($"the DPU could not connect the pod: {status.Reason}")
            : false);
    }

    /// <summary>Withdraws the request for a connection, unless a newer sandbox has made its own.</summary>
    private async Task TellDpuAsync(CniRequest request, CancellationToken cancellation)
    {
        if (await _pods.FindAsync(request, cancellation) is not { } pod ||
            ConnectionDetails.Read(pod.Metadata.Annotations)?.SandboxId != request.ContainerId)
        {
            return;
        }

        try
        {
            await node.Client.AnnotateAsync<V1Pod>(
                request.Namespace, request.Pod,
                [
                    new KeyValuePair<string, string?>(ConnectionDetails.Annotation, null),
                    new KeyValuePair<string, string?>(ConnectionStatus.Annotation, null),
                ],
                cancellation, pod.Metadata.Uid);
        }
        catch (KubeException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone meanwhile: the DPU sees that itself.
        }
    }
}
