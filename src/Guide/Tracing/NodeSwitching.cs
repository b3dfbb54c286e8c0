using System.Net.WebSockets;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;
using k8s.Models;

namespace Dpf.Guide.Tracing;

/// <summary>Where the switching of a node happens: on its DPU, or on the node itself; reached through a pod that runs there.</summary>
/// <param name="Client">The cluster of the pod.</param>
/// <param name="Cluster">The DPUCluster of the pod; null for the management cluster.</param>
/// <param name="Pod">The pod with <c>ovs-vsctl</c>, <c>ovn-nbctl</c> and the rest.</param>
/// <param name="Node">The node whose pods it switches.</param>
public sealed record NodeSwitching(KubeClient Client, string? Cluster, V1Pod Pod, string Node)
{
    private const string Container = "ovn-controller";
    private const string HostLabel = "provisioning.dpu.nvidia.com/host";

    /// <summary>Whether a DPU does it.</summary>
    public bool IsDpu => Cluster is not null;

    /// <summary>The machine for people, e.g. <c>DPU worker1-0000-03-00</c>.</summary>
    public string Machine => IsDpu ? $"DPU {Pod.Spec.NodeName}" : $"node {Node}";

    /// <summary>Finds it for every node of the management cluster.</summary>
    public static async Task<IReadOnlyDictionary<string, NodeSwitching>> FindAsync(KubeClient management, ClusterClients clusters, CancellationToken cancellation)
    {
        var found = new Dictionary<string, NodeSwitching>(StringComparer.Ordinal);
        foreach (var pod in await PodsAsync(management, cancellation))
        {
            found[pod.Spec.NodeName] = new NodeSwitching(management, null, pod, pod.Spec.NodeName);
        }

        foreach (var (name, remote) in await DpuClustersAsync(management, clusters, cancellation))
        {
            var hosts = (await remote.ListAsync<V1Node>(null, cancellation, labelSelector: HostLabel))
                .ToDictionary(node => node.Metadata.Name, node => node.Metadata.Labels[HostLabel], StringComparer.Ordinal);
            foreach (var pod in (await PodsAsync(remote, cancellation)).Where(pod => hosts.ContainsKey(pod.Spec.NodeName)))
            {
                found[hosts[pod.Spec.NodeName]] = new NodeSwitching(remote, name, pod, hosts[pod.Spec.NodeName]);
            }
        }

        return found;
    }

    /// <summary>Runs a command beside the switch.</summary>
    /// <exception cref="IOException">The pod could not be reached.</exception>
    public async Task<ExecResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        try
        {
            return await Client.ExecAsync(Pod.Metadata.NamespaceProperty, Pod.Metadata.Name, Container, command, cancellation);
        }
        catch (Exception e) when (e is WebSocketException or PodExecException)
        {
            throw new IOException($"{Machine}: pod {Pod.Metadata.NamespaceProperty}/{Pod.Metadata.Name}: {e.Message}", e);
        }
    }

    /// <summary>Runs a command that has to succeed; its output.</summary>
    /// <exception cref="IOException">It did not, or the pod could not be reached.</exception>
    public async Task<string> AskAsync(CancellationToken cancellation, params IReadOnlyList<string> command)
    {
        var result = await RunAsync(command, cancellation);
        return result.Succeeded ? result.Output : throw new IOException($"{Machine}: {string.Join(' ', command)}: {result.Error.Trim()}");
    }

    private static async Task<List<(string Name, KubeClient Client)>> DpuClustersAsync(
        KubeClient management, ClusterClients clusters, CancellationToken cancellation)
    {
        var all = new List<(string, KubeClient)>();
        foreach (var cluster in await ListAsync(management, cancellation))
        {
            var ns = (string?)cluster["metadata"]!["namespace"];
            if ((string?)cluster["spec"]?["kubeconfig"] is { Length: > 0 } secret &&
                await clusters.GetAsync(new NamespacedName(ns, secret), cancellation) is { } remote)
            {
                all.Add(((string)cluster["metadata"]!["name"]!, remote.Client));
            }
        }

        return all;
    }

    private static async Task<IReadOnlyList<System.Text.Json.Nodes.JsonObject>> ListAsync(KubeClient management, CancellationToken cancellation)
    {
        try
        {
            return await management.ListAsync("provisioning.dpu.nvidia.com/v1alpha1", "DPUCluster", null, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // OVN-Kubernetes without DPUs: every node switches for itself.
            return [];
        }
    }

    private static async Task<IEnumerable<V1Pod>> PodsAsync(KubeClient client, CancellationToken cancellation) =>
        (await client.ListAsync<V1Pod>(null, cancellation, labelSelector: "app in (ovnkube-node,ovnkube-node-dpu)", fieldSelector: "status.phase=Running"))
        .Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Spec.Containers.Any(c => c.Name == Container));
}
