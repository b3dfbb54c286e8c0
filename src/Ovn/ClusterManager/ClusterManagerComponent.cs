using Dpf.Ovn.Annotations;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.ClusterManager;

/// <summary><c>ovnkube-control-plane</c>: gives every node its subnet, its number and the addresses that follow from it.</summary>
public sealed class ClusterManagerComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var settings = OvnSettings.Read(context);
        var logger = context.Loggers.CreateLogger("cluster-manager");
        using var client = settings.Connect(context);
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var allocations = new NodeAllocations(settings.Network);
        var nodes = cache.Informer<V1Node>();

        // One worker: who gets which subnet is one decision over all nodes.
        await Controller.For<V1Node>(cache, "node-allocation")
            .Workers(1)
            .Build(
                async (_, stop) =>
                {
                    foreach (var (node, annotations) in allocations.Missing(nodes.All))
                    {
                        await client.AnnotateAsync<V1Node>(
                            null, node, annotations.Select(a => KeyValuePair.Create(a.Key, (string?)a.Value)), stop);
                        logger.LogInformation(
                            "node {Node}: {Annotations}", node, string.Join(", ", annotations.Select(a => $"{a.Key}={a.Value}")));
                    }

                    return allocations.Starved.Count == 0
                        ? Result.Done
                        : throw new InvalidOperationException(string.Join("; ", allocations.Starved));
                },
                context.Loggers, context.Time)
            .RunAsync(cancellation);
    }
}
