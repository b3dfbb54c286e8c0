using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using k8s.Models;

namespace Dpf.Ovn.CniServer;

/// <summary>Waits for what the zone controller and the DPU say about a pod.</summary>
internal sealed class PodLookup(NodeContext node)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>The pod, straight from the API server.</summary>
    public Task<V1Pod?> FindAsync(CniRequest request, CancellationToken cancellation) =>
        node.Client.GetAsync<V1Pod>(request.Namespace, request.Pod, cancellation);

    /// <summary>The pod with its addresses, and whatever else <paramref name="isReady"/> asks for.</summary>
    /// <exception cref="InvalidOperationException">The pod is gone, or another than the sandbox is for.</exception>
    public async Task<(V1Pod Pod, PodNetwork Network)> WaitAsync(
        CniRequest request, Func<V1Pod, bool> isReady, CancellationToken cancellation)
    {
        var pods = node.Cache.Informer<V1Pod>();
        var misses = 0;
        while (true)
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

            await Task.Delay(Interval, node.Time, cancellation);
        }
    }
}
