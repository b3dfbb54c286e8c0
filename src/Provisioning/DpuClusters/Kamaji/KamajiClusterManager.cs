using System.Net;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters.VirtualAddresses;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters.Kamaji;

/// <summary>Has Kamaji run control planes, reached by a node port at a virtual address or at a node's own.</summary>
internal sealed class KamajiClusterManager(Cache cache, KeepalivedImage image) : IClusterManager
{
    private const string Manager = "kamaji-cluster-manager";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private readonly KubeClient _client = cache.Client;

    /// <inheritdoc />
    public string Type => "kamaji";

    /// <inheritdoc />
    public async Task<ClusterReport> ReconcileAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        if ((KeepalivedObjects.Problem(cluster.Spec.ClusterEndpoint?.Keepalived) ??
            KeepalivedObjects.Conflict(cluster, cache.Informer<DpuCluster>().All.Where(c => c.Spec.Type == Type))) is { } problem)
        {
            return new ClusterReport(null, [new(ClusterContract.KeepalivedReady, false, "InvalidEndpoint", problem)], Soon);
        }

        var tenant = await _client.GetAsync<TenantControlPlane>(cluster.Metadata.NamespaceProperty, cluster.Metadata.Name, cancellation);
        var nodes = await _client.ListAsync<V1Node>(null, cancellation, KamajiObjects.ControlPlaneLabel);
        if (Address(cluster, tenant, nodes) is not { } address)
        {
            return NotCreated($"no node has the label {KamajiObjects.ControlPlaneLabel} and an internal address; set spec.clusterEndpoint", Soon);
        }

        if ((tenant?.Port ?? await NodePortAsync(cluster, cancellation)) is not { } port)
        {
            return NotCreated($"Service {cluster.Metadata.Name} has no node port; it must be of type NodePort", Soon);
        }

        await _client.ApplyAsync(KamajiObjects.TenantControlPlane(cluster, address, port, nodes.Count), Manager, cancellation);
        List<ClusterFact> facts = [CreatedFact(cluster, tenant)];
        if (cluster.Spec.ClusterEndpoint?.Keepalived is { } keepalived)
        {
            facts.Add(await KeepalivedAsync(cluster, keepalived, port, cancellation));
        }

        // An address that the cluster has no longer must not be answered for: another may have it next. Its condition goes with it.
        var hadAddress = cluster.Spec.ClusterEndpoint?.Keepalived is null && cluster.Status?.Conditions.Find(ClusterContract.KeepalivedReady) is not null;
        var isLeft = hadAddress && !await KeepalivedGoneAsync(cluster, cancellation);
        return new ClusterReport(
            facts[0].Holds ? KamajiObjects.KubeconfigSecret(cluster) : null, facts, isLeft ? Soon : null,
            hadAddress && !isLeft ? ClusterContract.KeepalivedReady : null);
    }

    /// <inheritdoc />
    public async Task<bool> CleanUpAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        var name = cluster.Metadata.Name;

        // The address goes last: the control plane may say goodbye by it.
        return await GoneAsync<TenantControlPlane>(cluster, name, cancellation) &
            await GoneAsync<V1Service>(cluster, name, cancellation) &&
            await KeepalivedGoneAsync(cluster, cancellation);
    }

    /// <summary>The virtual address; without one that of a node, the same for as long as the node is there.</summary>
    internal static string? Address(DpuCluster cluster, TenantControlPlane? tenant, IEnumerable<V1Node> nodes)
    {
        if (cluster.Spec.ClusterEndpoint?.Keepalived is { } keepalived)
        {
            return keepalived.Vip;
        }

        var addresses = nodes.OrderBy(n => n.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(n => n.Status?.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address).ToList();
        return tenant?.Address is { } known && addresses.Contains(known) ? known : addresses.FirstOrDefault();
    }

    /// <summary>Whether Kamaji has made the control plane. That stays true while it changes the version: it answers meanwhile.</summary>
    internal static ClusterFact CreatedFact(DpuCluster cluster, TenantControlPlane? tenant) => tenant?.VersionStatus switch
    {
        TenantControlPlane.ReadyStatus => new(ClusterContract.Created, true, ClusterContract.Created),
        { } status when cluster.Status?.Conditions.IsTrue(ClusterContract.Created) == true =>
            new(ClusterContract.Created, true, ClusterContract.Created, $"Kamaji: {status}"),
        var status => new(ClusterContract.Created, false, "ClusterNotReady", status is null ? "creating cluster" : $"creating cluster: {status}"),
    };

    private static ClusterReport NotCreated(string message, TimeSpan again) =>
        new(null, [new(ClusterContract.Created, false, "ClusterNotReady", message)], again);

    private async Task<int?> NodePortAsync(DpuCluster cluster, CancellationToken cancellation)
    {
        var service = await _client.GetAsync<V1Service>(cluster.Metadata.NamespaceProperty, cluster.Metadata.Name, cancellation)
            ?? await _client.CreateAsync(KamajiObjects.Service(cluster), cancellation);
        return service.Spec.Ports?.Select(p => p.NodePort).FirstOrDefault(p => p > 0);
    }

    private async Task<ClusterFact> KeepalivedAsync(DpuCluster cluster, Keepalived keepalived, int port, CancellationToken cancellation)
    {
        await _client.ApplyAsync(KeepalivedObjects.ConfigMap(cluster, keepalived), Manager, cancellation);
        var daemons = await _client.ApplyAsync(KeepalivedObjects.DaemonSet(cluster, keepalived, port, image), Manager, cancellation);
        return KeepalivedObjects.Fact(daemons);
    }

    private async Task<bool> KeepalivedGoneAsync(DpuCluster cluster, CancellationToken cancellation) =>
        await GoneAsync<V1DaemonSet>(cluster, KeepalivedObjects.Name(cluster), cancellation) &
        await GoneAsync<V1ConfigMap>(cluster, KeepalivedObjects.Name(cluster), cancellation);

    /// <summary>Deletes an object of the cluster; true when it is not there any more, or was never the cluster's.</summary>
    private async Task<bool> GoneAsync<T>(DpuCluster cluster, string name, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        T? value;
        try
        {
            value = await _client.GetAsync<T>(cluster.Metadata.NamespaceProperty, name, cancellation);
        }
        catch (KubeException e) when (e.Code == HttpStatusCode.NotFound)
        {
            // The kind itself is gone, and all of it with it.
            return true;
        }

        if (value?.Metadata.OwnerReferences?.Any(o => o.Uid == cluster.Metadata.Uid) != true)
        {
            return true;
        }

        if (value.Metadata.DeletionTimestamp is null)
        {
            await _client.DeleteAsync<T>(cluster.Metadata.NamespaceProperty, name, cancellation, uid: value.Metadata.Uid);
        }

        return false;
    }
}
