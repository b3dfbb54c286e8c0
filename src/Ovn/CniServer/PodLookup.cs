using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Informers;
using k8s.Models;

namespace Dpf.Ovn.CniServer;

/// <summary>Waits for what the zone controller and the DPU say about a pod.</summary>
internal sealed class PodLookup(NodeContext node)
{
    // Only for what the watch does not tell: the pod's end before it was seen.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The pod, straight from the API server.</summary>
    public Task<V1Pod?> FindAsync(CniRequest request, CancellationToken cancellation) =>
        node.Client.GetAsync<V1Pod>(request.Namespace, request.Pod, cancellation);

    /// <summary>The pod with its addresses, and whatever else <paramref name="isReady"/> asks for.</summary>
    /// <exception cref="InvalidOperationException">The pod is gone, or another than the sandbox is for.</exception>
    public async Task<(V1Pod Pod, PodNetwork Network)> WaitAsync(
        CniRequest request, Func<V1Pod, bool> isReady, CancellationToken cancellation)
    {
        var pods = node.Pods;
        var changed = new Signal();
        void OnChange(InformerChange<V1Pod> change)
        {
            if (change.Value.Metadata.Name == request.Pod && change.Value.Metadata.NamespaceProperty == request.Namespace)
            {
                changed.Raise();
            }
        }

        pods.Changed += OnChange;
        try
        {
            for (var misses = 0; ;)
            {
                // The runtime may be faster than the watch.
                var pod = pods.Get(request.Namespace, request.Pod) ?? await FindAsync(request, cancellation);
                if (pod is null && ++misses > 5)
                {
                    throw new InvalidOperationException($"pod {request.Namespace}/{request.Pod} is not there any more");
                }

                if (pod is not null && request.PodUid is { } uid && pod.Metadata.Uid != uid)
                {
                    throw new InvalidOperationException(
                        $"pod {request.Namespace}/{request.Pod} was replaced: the sandbox is for {uid}, the pod is {pod.Metadata.Uid} now");
                }

                if (pod is not null && PodNetwork.Read(pod.Metadata.Annotations) is { } network && isReady(pod))
                {
                    return (pod, network);
                }

                await changed.WaitAsync(Interval, node.Time, cancellation);
            }
        }
        finally
        {
            pods.Changed -= OnChange;
        }
    }
}
