using System.Text.Json.Nodes;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Writes which node holds which egress address.</summary>
internal sealed class EgressIpController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Informer<EgressIp> _egressIps = cache.Informer<EgressIp>();
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();
    private readonly ILogger _logger = loggers.CreateLogger("egress-ip");
    private readonly EventRecorder _events =
        new(cache.Client, "ovnkube-cluster-manager", time, loggers.CreateLogger("egress-ip"));

    // One worker: where an address goes is one decision over all of them.
    public Task RunAsync(CancellationToken cancellation) => Controller.For<EgressIp>(cache, "egress-ip")
        .Workers(1)
        .WatchesForAll<V1Node>(node => Of(node))
        .Build(ReconcileAsync, loggers, time)
        .RunAsync(cancellation);

    /// <summary>What matters of a node: its heartbeats do not.</summary>
    private static (bool, string?, string?, string?, string) Of(V1Node? node) => (
        node?.Metadata.Labels?.ContainsKey(EgressPlacement.AssignableLabel) == true,
        NodeAnnotations.Plain(node?.Metadata.Annotations, NodeAnnotations.Gateway),
        NodeAnnotations.Plain(node?.Metadata.Annotations, NodeAnnotations.Id),
        node?.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status,
        node is null ? "" : string.Join(',', EgressPlacement.OwnAddresses(node)));

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        var assignments = EgressPlacement.Of(_egressIps.All, _nodes.All);
        foreach (var egress in _egressIps.All)
        {
            var wanted = assignments[egress.Metadata.Name];
            if ((egress.Status?.Items ?? []).Select(i => new EgressPlace(i.EgressIp, i.Node)).SequenceEqual(wanted))
            {
                continue;
            }

            var items = new JsonArray([.. wanted.Select(w => (JsonNode)new JsonObject { ["egressIP"] = w.EgressIp, ["node"] = w.Node })]);
            await cache.Client.PatchStatusAsync<EgressIp>(
                null, egress.Metadata.Name, new JsonObject { ["status"] = new JsonObject { ["items"] = items } }, cancellation);
            _logger.LogInformation(
                "egress IP {Name}: {Places}", egress.Metadata.Name, string.Join(", ", wanted.Select(w => $"{w.EgressIp} at {w.Node}")));
            if (wanted.Count < egress.Spec.EgressIps.Count)
            {
                await _events.WarningAsync(
                    egress, "NoMatchingNodeFound",
                    $"{egress.Spec.EgressIps.Count - wanted.Count} of its addresses have no node: label nodes whose gateway network holds " +
                    $"them with {EgressPlacement.AssignableLabel}, one for each address",
                    cancellation);
            }
        }

        return Result.Done;
    }
}
