using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Writes what <see cref="NodeAllocations"/> decides, and tells a node that gets nothing.</summary>
internal sealed class NodeAllocationController(Cache cache, ClusterNetwork network, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>The condition of a node that there was no subnet or number for.</summary>
    public const string Condition = "OVNSubnetAllocated";

    private const string FieldManager = "ovnkube-cluster-manager";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly NodeAllocations _allocations = new(network);
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();
    private readonly ILogger _logger = loggers.CreateLogger("cluster-manager");
    private readonly EventRecorder _events = new(cache.Client, "ovnkube-cluster-manager", time, loggers.CreateLogger("cluster-manager"));

    // One worker: who gets which subnet is one decision over all nodes.
    public Task RunAsync(CancellationToken cancellation) => Controller.For<V1Node>(cache, "node-allocation")
        .Workers(1)
        .Build(ReconcileAsync, loggers, time)
        .RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        foreach (var (node, annotations) in _allocations.Missing(_nodes.All))
        {
            await cache.Client.AnnotateAsync<V1Node>(
                null, node, annotations.Select(a => KeyValuePair.Create(a.Key, (string?)a.Value)), cancellation);
            _logger.LogInformation("node {Node}: {Annotations}", node, string.Join(", ", annotations.Select(a => $"{a.Key}={a.Value}")));
        }

        foreach (var node in _nodes.All)
        {
            await TellAsync(node, _allocations.Starved.GetValueOrDefault(node.Metadata.Name), cancellation);
        }

        // A node that is deleted makes room, and is an event of its own.
        return _allocations.Starved.Count == 0 ? Result.Done : Result.RequeueAfter(Patience);
    }

    /// <summary>The reason on the node while there is one, and that it is over once it is.</summary>
    private async Task TellAsync(V1Node node, string? reason, CancellationToken cancellation)
    {
        var told = node.Status?.Conditions?.FirstOrDefault(c => c.Type == Condition);
        if (reason is null ? told is null or { Status: "True" } : told is { Status: "False" } && told.Message == reason)
        {
            return;
        }

        var now = time.GetUtcNow().UtcDateTime;
        await cache.Client.ApplyStatusAsync(
            new V1Node
            {
                Metadata = new V1ObjectMeta { Name = node.Metadata.Name },
                Status = new V1NodeStatus
                {
                    Conditions =
                    [
                        new V1NodeCondition
                        {
                            Type = Condition,
                            Status = reason is null ? "True" : "False",
                            Reason = reason is null ? "Allocated" : "PodNetworkExhausted",
                            Message = reason ?? "the node has a subnet and a number",
                            LastHeartbeatTime = now,
                            LastTransitionTime = now,
                        },
                    ],
                },
            },
            FieldManager, cancellation);
        if (reason is not null)
        {
            _logger.LogWarning("{Reason}", reason);
            await _events.WarningAsync(node, "PodNetworkExhausted", reason, cancellation);
        }
    }
}
