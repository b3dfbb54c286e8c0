using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Ovn.Node.Health;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.CniServer;

/// <summary>Moves a VF into the pod, after the DPU has connected its representor.</summary>
internal sealed class VfAttachment(NodeContext node, VfSandboxes sandboxes, DpuHealth health) : IPodAttachment
{
    private readonly PodLookup _pods = new(node);

    /// <inheritdoc />
    public string? NotReady => NodeAnnotations.Plain(node.Annotations, NodeAnnotations.ChassisId) is null
        ? "the DPU of this node has not reported yet"
        : health.Cause;

    private IMachine Machine => node.Component.Machine;

    /// <inheritdoc />
    public async Task<(PodNetwork Network, Attached Attached)> AddAsync(CniRequest request, CancellationToken cancellation)
    {
        var address = request.Config.DeviceId ?? throw new InvalidOperationException(
            $"pod {request.Namespace}/{request.Pod} has no VF (no deviceID in the network configuration): on a node with a DPU each " +
            "pod needs one; was it created before the resource injector ran?");
        var function = node.Pci.AtAddress(address);
        var before = AttachmentState.Load(Machine, request.ContainerId);
        var device = before?.Device ?? sandboxes.OnHost(address) ??
            throw new InvalidOperationException(
                $"the VF {address} has no network device on the host; it is in the sandbox of another pod still, or bound to another driver");
        var details = new ConnectionDetails($"{function.PfId}", $"{function.VfId}", request.ContainerId, device);
        var (_, network) = await _pods.WaitAsync(request, static _ => true, cancellation);
        var state = new AttachmentState(device, request.InterfaceName)
        {
            NetworkNamespace = request.NetworkNamespace,
            PciAddress = address,
            Pod = $"{request.Namespace}/{request.Pod}",
            NetworkName = request.Config.Name,
            Addresses = network.Write(),
            Mtu = node.Settings.Network.Mtu,
        };
        try
        {
            // The host's part and the DPU's have nothing to wait for in each other; the DPU's takes longer, and so begins.
            await Task.WhenAll(ConnectAsync(request, details, cancellation), EnterAsync(request, state, network, cancellation));
        }
        catch when (before is null)
        {
            // A call that is repeated takes nothing from a pod that runs.
            await UndoAsync(request, state);
            throw;
        }

        return (network, new Attached(""));
    }

    /// <inheritdoc />
    public async Task DeleteAsync(CniRequest request, CancellationToken cancellation)
    {
        try
        {
            await TellDpuAsync(request, cancellation);
        }
        finally
        {
            // Whatever the API server says: the VF is the host's, and the next pod waits for it. A runtime repeats a DEL that failed, which
            // tells the DPU then.
            await sandboxes.LeaveAsync(request.ContainerId, CancellationToken.None);
        }
    }

    /// <inheritdoc />
    public Task CollectAsync(string containerId, CancellationToken cancellation) => sandboxes.LeaveAsync(containerId, cancellation);

    private async Task EnterAsync(CniRequest request, AttachmentState state, PodNetwork network, CancellationToken cancellation)
    {
        var begun = node.Time.GetTimestamp();
        await sandboxes.EnterAsync(request.ContainerId, state, network, cancellation);
        node.Logger.LogInformation(
            "pod {Pod}: {Vf} in its sandbox, {Milliseconds:0.0} ms", state.Pod, state.PciAddress, node.Time.GetElapsedTime(begun).TotalMilliseconds);
    }

    private async Task ConnectAsync(CniRequest request, ConnectionDetails details, CancellationToken cancellation)
    {
        await node.Client.AnnotateAsync<V1Pod>(
            request.Namespace, request.Pod,
            [new KeyValuePair<string, string?>(ConnectionDetails.Annotation, details.Write())],
            cancellation, request.PodUid);
        await _pods.WaitAsync(request, pod => IsConnected(pod, request), cancellation);
    }

    /// <summary>Takes the VF back from a pod that could not be connected.</summary>
    private async Task UndoAsync(CniRequest request, AttachmentState state)
    {
        try
        {
            await sandboxes.LeaveAsync(request.ContainerId, CancellationToken.None);
        }
        catch (IOException e)
        {
            node.Logger.LogWarning("pod {Pod}: {Message}; its DEL takes the VF back", state.Pod, e.Message);
        }
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
