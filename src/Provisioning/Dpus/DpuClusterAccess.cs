using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>The clusters that DPUs are nodes of.</summary>
internal sealed class DpuClusterAccess(Cache cache, ClusterClients clients, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly ConditionalWeakTable<RemoteCluster, Task> _watched = [];

    // Thousands of DPUs ask for the same few clusters: their Secrets are looked at so often, not for every one of them.
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<NamespacedName, (RemoteCluster Cluster, long Seen)> _seen = new();

    /// <summary>Called when a node of a DPU cluster changed: look at this DPU.</summary>
    public event Action<NamespacedName>? NodeChanged;

    /// <summary>Whether the DPUCluster that a DPU was given to exists.</summary>
    public bool Exists(Dpu dpu) => Find(dpu) is not null;

    /// <summary>The cluster of a DPU.</summary>
    /// <exception cref="DpuClusterException">There is none, or it cannot be reached yet; the message says why.</exception>
    public async Task<RemoteCluster> OfAsync(Dpu dpu, CancellationToken cancellation)
    {
        var cluster = Find(dpu) ?? throw new DpuClusterException(
            ClusterAllocation.Of(dpu) is { } name ? $"DPUCluster {name} does not exist" : "the DPU has no DPUCluster");
        if (string.IsNullOrEmpty(cluster.Spec.Kubeconfig))
        {
            throw new DpuClusterException($"DPUCluster {cluster.Metadata.Name} has no kubeconfig yet");
        }

        var secret = new NamespacedName(cluster.Metadata.NamespaceProperty, cluster.Spec.Kubeconfig);
        if (_seen.TryGetValue(secret, out var seen) && time.GetElapsedTime(seen.Seen) < Fresh)
        {
            return seen.Cluster;
        }

        try
        {
            var remote = await clients.GetAsync(secret, cancellation)
                ?? throw new DpuClusterException($"Secret {secret} with the kubeconfig of DPUCluster {cluster.Metadata.Name} does not exist");
            _seen[secret] = (remote, time.GetTimestamp());
            return remote;
        }
        catch (FormatException e)
        {
            throw new DpuClusterException(e.Message);
        }
    }

    /// <summary>The nodes of a DPU's cluster; kept up to date, and telling <see cref="NodeChanged"/>.</summary>
    /// <exception cref="DpuClusterException">The cluster does not answer.</exception>
    public async Task<Informer<V1Node>> NodesAsync(Dpu dpu, CancellationToken cancellation)
    {
        var remote = await OfAsync(dpu, cancellation);
        var nodes = remote.Cache.Informer<V1Node>();

        // A cluster that does not answer costs one wait, not one for every DPU.
        await _watched.GetValue(remote, _ =>
        {
            nodes.Changed += change => Tell(change.Value.Metadata.Name);
            return nodes.Synced.WaitAsync(Patience, time, CancellationToken.None);
        }).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        return nodes.Synced.IsCompletedSuccessfully && Find(dpu)?.Status?.Phase != "NotReady"
            ? nodes
            : throw new DpuClusterException($"DPUCluster {ClusterAllocation.Of(dpu)}: {remote.Client.Connection.Server} does not answer");
    }

    private DpuCluster? Find(Dpu dpu) =>
        ClusterAllocation.Of(dpu) is { } key ? cache.Informer<DpuCluster>().Get(key.Namespace, key.Name) : null;

    private void Tell(string node)
    {
        foreach (var dpu in cache.Informer<Dpu>().Named(node))
        {
            NodeChanged?.Invoke(new NamespacedName(dpu.Metadata.NamespaceProperty, dpu.Metadata.Name));
        }
    }
}

/// <summary>A DPU cluster is not there, or not to be reached.</summary>
internal sealed class DpuClusterException(string message) : Exception(message);
