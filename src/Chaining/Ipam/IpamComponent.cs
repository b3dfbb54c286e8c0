using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Ipam;

/// <summary>Addresses from pools: the controller divides pools among nodes, a node's agent gives addresses to interfaces.</summary>
public sealed class IpamComponent : IComponent
{
    private const string LeaseName = "nv-ipam-controller.nv-ipam.nvidia.com";
    private const string Socket = "/var/lib/cni/nv-ipam/daemon.sock";
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        var scope = new InformerScope(context.Variable("POD_NAMESPACE"));
        switch (context.Arguments is [var verb, ..] ? verb : null)
        {
            case "controller":
                await LeaderElection.RunAsync(context, client, LeaseName, leading => DivideAsync(context, client, scope, leading), cancellation);
                break;
            case "node":
                await GiveAsync(context, client, scope, cancellation);
                break;
            case var other:
                throw new InvalidOperationException($"nvidia-k8s-ipam: '{other}' is no part of it; start it with controller or node");
        }
    }

    /// <summary>
    /// Writes how a pool is divided, if the pool is still as it was when that was found out: two nodes would have one block where a
    /// division is written over another that nobody had seen yet.
    /// </summary>
    /// <exception cref="KubeException">A conflict: somebody was faster, look again.</exception>
    internal static Task WriteAsync<T>(KubeClient client, T pool, IReadOnlyList<PoolAllocation> allocations, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.PatchStatusAsync<T>(
            pool.Metadata.NamespaceProperty, pool.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = pool.Metadata.ResourceVersion },
                ["status"] = new JsonObject { ["allocations"] = Json(allocations) },
            },
            cancellation);

    private static async Task GiveAsync(ComponentContext context, KubeClient client, InformerScope scope, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var logger = context.Loggers.CreateLogger("nv-ipam");
        var name = context.Required("node", "NODE_NAME");
        var pools = (Ip: cache.Informer<IpPool>(scope), Cidr: cache.Informer<CidrPool>(scope));
        var pods = cache.Informer<V1Pod>(new InformerScope(FieldSelector: $"spec.nodeName={name}"));
        await cache.WaitForSyncAsync(cancellation);
        var node = new NodeAddresses(
            name, () => pools.Ip.All, () => pools.Cidr.All,
            context.Machine.Path("/var/lib/cni/nv-ipam/store"), context.Option("cni-force-pool-name") is not null);
        var server = new PluginServer(context.Machine, "nv-ipam", Socket, (call, _) => Task.FromResult(node.Answer(call)), logger);
        await Together.RunAsync(cancellation, server.RunAsync, CollectAsync);

        async Task CollectAsync(CancellationToken stop)
        {
            while (true)
            {
                await Task.Delay(Look, context.Time, stop);
                if (node.Collect(pods.All.SelectMany(Uids).ToHashSet(StringComparer.Ordinal)) is { Count: > 0 } addresses)
                {
                    logger.LogInformation("{Node}: of pods that are gone: {Addresses}", name, string.Join(", ", addresses));
                }
            }
        }
    }

    // A static pod has another uid for its node than for the API server, which knows the node's as the pod's hash.
    private static IEnumerable<string> Uids(V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue("kubernetes.io/config.hash", out var hash) == true ? [pod.Metadata.Uid, hash] : [pod.Metadata.Uid];

    // The cache is a leader's own: whoever follows starts from what there is.
    private static async Task DivideAsync(ComponentContext context, KubeClient client, InformerScope scope, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var nodes = cache.Informer<V1Node>();
        await Together.RunAsync(
            stop =>
            [
                Build<IpPool>("ippool", p => p.Spec, p => p.Status, (p, names) => PoolDivision.Blocks(p.Spec, p.Status?.Allocations, names)).RunAsync(stop),
                Build<CidrPool>("cidrpool", p => p.Spec, p => p.Status, (p, names) => PoolDivision.Networks(p.Spec, p.Status?.Allocations, names)).RunAsync(stop),
            ],
            cancellation);

        RunningController<T> Build<T>(
            string name, Func<T, PoolSpec> spec, Func<T, PoolStatus?> status,
            Func<T, IReadOnlyList<string>, IReadOnlyList<PoolAllocation>> divide)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            var pools = cache.Informer<T>(scope);
            return Controller.For<T>(cache, name, scope).WatchesForAll<V1Node>().RestsAfterWork().Build(
                async (key, stop) =>
                {
                    if (pools.Get(key.Namespace, key.Name) is not { } pool || pool.IsDeleting())
                    {
                        return Result.Done;
                    }

                    var names = nodes.All.Where(n => spec(pool).NodeSelector.Selects(n)).Select(n => n.Metadata.Name).ToList();
                    var wanted = divide(pool, names);
                    if (!JsonNode.DeepEquals(Json(wanted), Json(status(pool)?.Allocations ?? [])))
                    {
                        await WriteAsync(client, pool, wanted, stop);
                    }

                    return Result.Done;
                },
                context.Loggers, context.Time);
        }
    }

    private static JsonNode? Json(IEnumerable<PoolAllocation> allocations) => JsonNode.Parse(KubernetesJson.Serialize(allocations.ToList()));
}
