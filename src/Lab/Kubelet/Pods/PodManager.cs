using System.Collections.Concurrent;
using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Pods;

/// <summary>Follows the pods that are bound to the node; each has a worker of its own.</summary>
internal sealed class PodManager(NodeContext node)
{
    private readonly ConcurrentDictionary<string, PodWorker> _workers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);

    /// <summary>The workers of the pods on the node.</summary>
    public IEnumerable<PodWorker> Workers => _workers.Values;

    /// <summary>The worker of a pod, or null.</summary>
    public PodWorker? Find(string ns, string name) => _workers.Values
        .Where(w => w.Pod.Metadata.NamespaceProperty == ns && w.Pod.Metadata.Name == name)
        .MaxBy(w => w.Pod.Metadata.CreationTimestamp);

    /// <summary>Runs the node's pods until cancelled; then ends them.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var informer = new Informer<V1Pod>(
            node.Client, new InformerScope(FieldSelector: "spec.nodeName=" + node.Options.NodeName), node.Time,
            node.Options.Loggers.CreateLogger("informer"));
        informer.Changed += change => OnChange(change, cancellation);
        await informer.RunAsync(cancellation);
        await Task.WhenAll(_running.Values);
    }

    private void OnChange(InformerChange<V1Pod> change, CancellationToken cancellation)
    {
        if (change.Before is { } before && change.After?.Metadata.Uid != before.Metadata.Uid &&
            _workers.TryGetValue(before.Metadata.Uid, out var former))
        {
            former.Remove();
        }

        if (change.After is not { } pod)
        {
            return;
        }

        var uid = pod.Metadata.Uid;
        if (_workers.TryGetValue(uid, out var worker))
        {
            worker.Update(pod);
            return;
        }

        worker = _workers[uid] = new PodWorker(node, pod);
        _running[uid] = Task.Run(
            async () =>
            {
                try
                {
                    await worker.RunAsync(cancellation);
                }
                catch (Exception e)
                {
                    node.Logger.LogError(e, "{Namespace}/{Pod}: {Message}", pod.Metadata.NamespaceProperty, pod.Metadata.Name, e.Message);
                }
                finally
                {
                    _workers.TryRemove(uid, out _);
                    _running.TryRemove(uid, out _);
                }
            }, CancellationToken.None);
    }
}
