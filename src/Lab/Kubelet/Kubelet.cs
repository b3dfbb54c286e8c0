using Dpf.Lab.Kubelet.Nodes;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Lab.Kubelet.Serving;
using Dpf.Runtime.Clusters;

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
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            List<Task> parts =
            [
                node.Devices.RunAsync(ended.Token),
                new NodeRegistration(node).RunAsync(ended.Token),
                pods.RunAsync(ended.Token),
                new KubeletServer(node, pods).RunAsync(ended.Token),
            ];
            var first = await Task.WhenAny(parts);
            await ended.CancelAsync();
            await Task.WhenAll(parts).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await first;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
