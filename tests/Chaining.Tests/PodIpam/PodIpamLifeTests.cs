using Dpf.Chaining.PodIpam;
using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.PodIpam;

/// <summary>A service's pod that waits for its pools, in a cluster.</summary>
public sealed class PodIpamLifeTests
{
    private const string Chain = """
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: ServiceChain
        metadata: {name: chain, namespace: default}
        spec: {node: n1, switches: [{ports: [{serviceInterface: {matchLabels: {port: sfceth1}, ipam: {matchLabels: {pool: a}}}}]}]}
        """;

    private const string Interface = """
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: ServiceInterface
        metadata: {name: interface, namespace: default, labels: {port: sfceth1}}
        spec: {node: n1, interfaceType: service, service: {serviceID: firewall, network: mybrsfc, interfaceName: sfceth1}}
        """;

    private const string Pool = """
        apiVersion: nv-ipam.nvidia.com/v1alpha1
        kind: IPPool
        metadata: {name: pool-1, namespace: default, labels: {pool: a}}
        spec: {subnet: 10.0.0.0/24, perNodeBlockSize: 8, gateway: 10.0.0.1}
        """;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: pod
          namespace: default
          labels: {svc.dpu.nvidia.com/service: firewall}
          annotations: {k8s.v1.cni.cncf.io/networks: '[{"name":"mybrsfc","interface":"sfceth1"}]'}
        spec: {nodeName: n1, containers: [{name: c, image: i}]}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Pod, Interface, Pool, Chain)]
    [InlineData(Pod, Chain, Pool, Interface)]
    [InlineData(Chain, Interface, Pod, Pool)]
    [InlineData(Chain, Interface, Pool, Pod)]
    public async Task I7_whatever_of_pod_chain_interface_and_pool_comes_last_the_pod_has_its_pool_at_once(params string[] inOrder)
    {
        await using var cluster = await TestCluster.StartAsync("dpu-networking/charts/servicechainset-controller", "dpu-networking/charts/nvidia-k8s-ipam");
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = PodIpamReconciler.Build(cache, "default", NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token);
        await cache.WaitForSyncAsync(Cancellation);
        foreach (var yaml in inOrder)
        {
            Assert.DoesNotContain("poolNames", await NetworksAsync() ?? "", StringComparison.Ordinal);
            await cluster.ApplyAsync(yaml);
        }

        // No event but those of these objects comes: had the last one not been noticed, it would stay so.
        await Eventually.SeeAsync(NetworksAsync, networks => networks?.Contains("\"poolNames\":[\"pool-1\"]", StringComparison.Ordinal) == true);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        async Task<string?> NetworksAsync() =>
            (await cluster.Client.GetAsync<V1Pod>("default", "pod", Cancellation))?.Metadata.Annotations["k8s.v1.cni.cncf.io/networks"];
    }
}
