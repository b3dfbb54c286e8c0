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

    // The addresses that were told to have no node; by the object's uid.
    private readonly Dictionary<string, string> _missing = new(StringComparer.Ordinal);

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
        var all = _egressIps.All;
        var assignments = EgressPlacement.Of(all, _nodes.All);
        foreach (var gone in _missing.Keys.Except(all.Select(e => e.Metadata.Uid), StringComparer.Ordinal).ToList())
        {
            _missing.Remove(gone);
        }

        foreach (var egress in all)
        {
            var wanted = assignments[egress.Metadata.Name];
            if (!(egress.Status?.Items ?? []).Select(i => new EgressPlace(i.EgressIp, i.Node)).SequenceEqual(wanted))
            {
                var items = new JsonArray([.. wanted.Select(w => (JsonNode)new JsonObject { ["egressIP"] = w.EgressIp, ["node"] = w.Node })]);
                await cache.Client.PatchStatusAsync<EgressIp>(
                    null, egress.Metadata.Name, new JsonObject { ["status"] = new JsonObject { ["items"] = items } }, cancellation);
                _logger.LogInformation(
                    "egress IP {Name}: {Places}", egress.Metadata.Name, string.Join(", ", wanted.Select(w => $"{w.EgressIp} at {w.Node}")));
            }

            await TellAsync(egress, string.Join(", ", egress.Spec.EgressIps.Except(wanted.Select(w => w.EgressIp), StringComparer.Ordinal)), cancellation);
        }

        return Result.Done;
    }

    // Not by the status, which is the same before and after where nothing was ever placed.
    private async Task TellAsync(EgressIp egress, string missing, CancellationToken cancellation)
    {
        if (missing == _missing.GetValueOrDefault(egress.Metadata.Uid, ""))
        {
            return;
        }

        _missing[egress.Metadata.Uid] = missing;
        if (missing.Length > 0)
        {
            await _events.WarningAsync(
                egress, "NoMatchingNodeFound",
                $"no node for {missing}: label nodes whose gateway network holds them with {EgressPlacement.AssignableLabel}, one for each address",
                cancellation);
        }
    }
}
