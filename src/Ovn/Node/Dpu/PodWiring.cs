using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>
/// Connects the host's pods: plugs the representor of each pod's VF into br-int as its logical port and tells the host when OVN
/// has installed it. Each pass looks at all pods, so whatever went wrong before is put right by the next.
/// </summary>
public sealed class PodWiring
{
    private readonly NodeContext _node;
    private readonly OpenVSwitch _ovs;
    private readonly Informer<V1Pod> _pods;
    private readonly SemaphoreSlim _work = new(1, 1);

    /// <summary>Wires the pods of the node.</summary>
    public PodWiring(NodeContext node, OpenVSwitch ovs)
    {
        (_node, _ovs) = (node, ovs);
        _pods = node.Cache.Informer<V1Pod>();
        _pods.Changed += change => Signal(change.Value.Spec?.NodeName == node.Node);
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _pods.Synced.WaitAsync(cancellation);
        using var changes = _ovs.Client.Replica.Subscribe(change => Signal(change.Rows.Any(r => r.Table == "Interface")));
        await using var timer = _node.Time.CreateTimer(_ => Signal(true), null, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        while (true)
        {
            await _work.WaitAsync(cancellation);
            try
            {
                await PassAsync(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                _node.Logger.LogWarning("node {Node}: wiring pods: {Message}; trying again", _node.Node, e.Message);
            }
        }
    }

    private void Signal(bool concerns)
    {
        try
        {
            if (concerns && _work.CurrentCount == 0)
            {
                _work.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Somebody else signalled in between: as good.
        }
    }

    private async Task PassAsync(CancellationToken cancellation)
    {
        if (_ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is null)
        {
            return;
        }

        var wanted = Wanted();
        var rows = new RowSet("pod-ports");
        var bridge = rows.Existing<Bridge>(OpenVSwitch.IntegrationBridge);
        var fresh = new List<string>();
        foreach (var wiring in wanted.Where(w => w.Representor is not null))
        {
            var now = _ovs.Now.Named<Interface>(wiring.Representor!);
            if (now is not null && !Serves(now, wiring))
            {
                // The VF went from one sandbox to another: OVN's word about the old port must not pass for the new, so the old
                // one goes first; its going starts the next pass.
                continue;
            }

            if (now is null)
            {
                fresh.Add(wiring.Representor!);
            }

            var port = new Port
            {
                Name = wiring.Representor!,
                OtherConfig = new Dictionary<string, string> { ["transient"] = "true" },
            };
            bridge.Add("ports", wiring.Representor!, port)
                .Add("interfaces", wiring.Representor!, RepresentorInterface.Of(_ovs.Now, wiring.Representor!, Ids(wiring)));
        }

        if (fresh.Count > 0)
        {
            await _node.Links.BatchAsync(fresh.Select(r => $"link set {r} mtu {_node.Settings.Network.Mtu} up"), cancellation);
        }

        await _ovs.ApplyAsync(rows, cancellation);
        foreach (var wiring in wanted)
        {
            await ReportAsync(wiring, cancellation);
        }
    }

    /// <summary>The pods whose host asked for a connection; of two that claim one VF the younger, whose claim is the later.</summary>
    private List<Wiring> Wanted() =>
    [
        .. _pods.All
            .Where(p => ClusterFacts.IsLocal(p, _node.Node))
            .Select(p => (Pod: p, Details: ConnectionDetails.Read(p.Metadata.Annotations), Network: PodNetwork.Read(p.Metadata.Annotations)))
            .Where(p => p.Details is not null && p.Network is not null)
            .Select(p => new Wiring(p.Pod, p.Details!, p.Network!, Representor(p.Details!)))
            .GroupBy(w => (w.Details.PfId, w.Details.VfId))
            .Select(g => g.OrderBy(w => w.Pod.Metadata.DeletionTimestamp is null).ThenBy(w => w.Pod.Metadata.CreationTimestamp).Last()),
    ];

    private string? Representor(ConnectionDetails details) =>
        int.TryParse(details.PfId, out var pf) && int.TryParse(details.VfId, out var vf) ? _node.Pci.Representor(pf, vf) : null;

    private async Task ReportAsync(Wiring wiring, CancellationToken cancellation)
    {
        var status = wiring.Representor is null
            ? new ConnectionStatus(
                "Error", $"the DPU has no representor of PF {wiring.Details.PfId} VF {wiring.Details.VfId}", wiring.Details.SandboxId)
            : _ovs.Now.Named<Interface>(wiring.Representor) is { } row && Serves(row, wiring) &&
                row.ExternalIds.GetValueOrDefault("ovn-installed") == "true"
                ? new ConnectionStatus("Ready", null, wiring.Details.SandboxId)
                : null;
        var meta = wiring.Pod.Metadata;
        if (status is null || NodeAnnotations.Plain(meta.Annotations, ConnectionStatus.Annotation) == status.Write())
        {
            return;
        }

        try
        {
            await _node.Client.AnnotateAsync<V1Pod>(
                meta.NamespaceProperty, meta.Name, [new KeyValuePair<string, string?>(ConnectionStatus.Annotation, status.Write())],
                cancellation, meta.Uid);
            _node.Logger.LogInformation(
                "pod {Namespace}/{Pod}: {Status} on {Representor}", meta.NamespaceProperty, meta.Name, status.Status, wiring.Representor);
        }
        catch (KubeException e) when (e.IsNotFound || e.IsConflict)
        {
            _node.Logger.LogDebug("pod {Pod} went before it was connected", meta.Name);
        }
    }

    private static bool Serves(Interface row, Wiring wiring) =>
        row.ExternalIds.GetValueOrDefault("iface-id-ver") == wiring.Pod.Metadata.Uid &&
        row.ExternalIds.GetValueOrDefault("sandbox") == wiring.Details.SandboxId;

    private static Dictionary<string, string> Ids(Wiring wiring) => new(StringComparer.Ordinal)
    {
        ["attached_mac"] = wiring.Network.Mac,
        ["iface-id"] = ZonePod.PortOf(wiring.Pod.Metadata.NamespaceProperty, wiring.Pod.Metadata.Name),
        ["iface-id-ver"] = wiring.Pod.Metadata.Uid,
        ["sandbox"] = wiring.Details.SandboxId,
        ["ip_addresses"] = wiring.Network.Address.ToString(),
        ["vf-netdev-name"] = wiring.Representor!,
    };

    private sealed record Wiring(V1Pod Pod, ConnectionDetails Details, PodNetwork Network, string? Representor);
}
