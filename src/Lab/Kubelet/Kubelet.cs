using Dpf.Lab.Kubelet.Nodes;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Lab.Kubelet.Serving;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;

namespace Dpf.Lab.Kubelet;

#pragma warning disable MA0049 // The folder holds one thing, and this is it.
/// <summary>
/// The node agent of one machine of the lab: registers the node, runs the pods bound to it, and serves logs, exec and port
/// forwarding. What it starts ends with it; a new one starts the node's pods anew, as after a reboot.
/// </summary>
public sealed class Kubelet(KubeletOptions options)
#pragma warning restore MA0049
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            var connection = await NodeIdentity.EnsureAsync(options, cancellation);
            using var client = new KubeClient(connection);
            var node = new NodeContext(options, client);
            await using var watches = node.Watches;
            var pods = new PodManager(node);
            await Together.RunAsync(
                stop => [node.Devices.RunAsync(stop), new NodeRegistration(node).RunAsync(stop), pods.RunAsync(stop), new KubeletServer(node, pods).RunAsync(stop)],
                cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
