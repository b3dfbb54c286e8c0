using System.Collections.Concurrent;
using System.Threading.Channels;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Hosting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>
/// Connects the host's pods: plugs the representor of each pod's VF into br-int as its logical port and tells the host when OVN
/// has installed it, or why that cannot be. Each pass looks at all pods, so whatever went wrong before is put right by the next.
/// </summary>
public sealed class PodWiring
{
    // Longer than OVN takes on a loaded DPU, shorter than the host's patience.
    private static readonly TimeSpan InstallLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private const string Owner = "pod-ports";

    // What a pod's state depends on; the switch writes others too.
    private static readonly string[] Telling = ["external_ids", "error", "ofport", "mtu", "admin_state"];
    private readonly NodeContext _node;
    private readonly OpenVSwitch _ovs;
    private readonly EventRecorder _events;
    private readonly Signal _work = new();
    private readonly Dictionary<string, long> _plugged = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Version, string Status)> _told = new(StringComparer.Ordinal);
    private readonly Channel<Wiring> _devices = Channel.CreateUnbounded<Wiring>();

    // Sandbox to representor: those in the channel, and those that were set up, which Open vSwitch sees a moment later.
    private readonly ConcurrentDictionary<string, string> _waiting = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _up = new(StringComparer.Ordinal);

    /// <summary>Wires the pods of the node.</summary>
    public PodWiring(NodeContext node, OpenVSwitch ovs)
    {
        (_node, _ovs) = (node, ovs);
        _events = new EventRecorder(node.Client, "ovnkube-node", node.Time, node.Logger);
        node.Pods.Changed += change =>
        {
            if (change.Value.Spec?.NodeName == node.Node)
            {
                _work.Raise();
            }
        };
    }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Together.RunAsync(cancellation, WireAsync, SetUpAsync);

    private async Task WireAsync(CancellationToken cancellation)
    {
        await _node.Pods.Synced.WaitAsync(cancellation);
        using var changes = _ovs.Client.Replica.Subscribe(change =>
        {
            if (change.Rows.Any(Tells))
            {
                _work.Raise();
            }
        });
        while (true)
        {
            var pause = Interval;
            try
            {
                await PassAsync(cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                _node.Logger.LogWarning("node {Node}: wiring pods: {Message}; trying again", _node.Node, e.Message);
                pause = Retry;
            }

            await _work.WaitAsync(pause, _node.Time, cancellation);
        }
    }

    /// <summary>
    /// Sets the devices of representors up, one after the other: the kernel takes its time over them, for which neither OVN nor other
    /// pods have to wait.
    /// </summary>
    private async Task SetUpAsync(CancellationToken cancellation)
    {
        await foreach (var wiring in _devices.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                await _node.SetUpRepresentorAsync(wiring.Representor!, cancellation);
                if (_up.TryAdd(wiring.Claim.Details.SandboxId, wiring.Representor!))
                {
                    _work.Raise();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                _node.Logger.LogWarning("node {Node}: setting up {Representor}: {Message}; trying again", _node.Node, wiring.Representor, e.Message);
            }
            finally
            {
                _waiting.TryRemove(wiring.Claim.Details.SandboxId, out _);
            }
        }
    }

    private async Task PassAsync(CancellationToken cancellation)
    {
        if (_ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is null)
        {
            return;
        }

        var claims = PodClaims.Read(_node.Pods.All, _node.Node, NodeAnnotations.SubnetsOf(_node.Annotations))
            .Select(c => new Wiring(c, c.Refusal is null ? Representor(c.Details) : null)).ToList();
        foreach (var gone in _plugged.Keys.Concat(_told.Keys).Concat(_up.Keys).Except(claims.Select(c => c.Claim.Details.SandboxId)).ToList())
        {
            _plugged.Remove(gone);
            _told.Remove(gone);
            _up.TryRemove(gone, out _);
        }

        var untold = await ReportAsync(claims, cancellation);
        var rows = new RowSet(Owner);
        var bridge = rows.Existing<Bridge>(OpenVSwitch.IntegrationBridge);
        foreach (var wiring in claims.Where(w => w.Representor is not null))
        {
            if (_ovs.Now.Named<Interface>(wiring.Representor!) is { } now && !Serves(now, wiring))
            {
                // The VF went from one sandbox to another: OVN's word about the old port must not pass for the new, so the old
                // one goes first; its going starts the next pass.
                continue;
            }

            // After the switch has opened it, which waits for the kernel as well, and for which OVN waits. Also the device of a port
            // that is there: the representor of a VF that came back is another one.
            if (IsOpen(wiring.Representor!) && !IsSetUp(wiring) && _waiting.TryAdd(wiring.Claim.Details.SandboxId, wiring.Representor!))
            {
                _devices.Writer.TryWrite(wiring);
            }

            var port = new Port
            {
                Name = wiring.Representor!,
                OtherConfig = new Dictionary<string, string> { ["transient"] = "true" },
            };
            bridge.Add("ports", wiring.Representor!, port)
                .Add("interfaces", wiring.Representor!, RepresentorInterface.Of(
                    _ovs.Now, wiring.Representor!, _node.Settings.Network.Mtu, Ids(wiring)));
        }

        await _ovs.ApplyAsync(rows, cancellation);
        if (untold is not null)
        {
            // Only now: the others are connected all the same.
            throw new InvalidOperationException(untold);
        }
    }

    /// <summary>Tells the hosts what there is to say of their pods; returns why one could not be told, or null.</summary>
    private async Task<string?> ReportAsync(IReadOnlyList<Wiring> claims, CancellationToken cancellation)
    {
        string? failure = null;
        foreach (var wiring in claims)
        {
            try
            {
                await ReportAsync(wiring, cancellation);
            }
            catch (KubeException e)
            {
                failure ??= e.Message;
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException)
            {
                // Nobody answers: the others would only wait for the same.
                return e.Message;
            }
        }

        return failure;
    }

    private static bool Tells(RowChange change) => change.Table == "Interface" && (
        change.After is not { } after ||
        (change.Before is { } before
            ? Telling.Any(c => !before[c].Equals(after[c]))
            : after.ExternalId(RowSet.OwnerId) != Owner));

    private string? Representor(ConnectionDetails details) =>
        int.TryParse(details.PfId, out var pf) && int.TryParse(details.VfId, out var vf)
            ? _node.Pci.Representor(pf, vf, IsOpen)
            : null;

    private bool IsOpen(string representor) => _ovs.Now.Named<Interface>(representor)?.Ofport > 0;

    private async Task ReportAsync(Wiring wiring, CancellationToken cancellation)
    {
        var meta = wiring.Claim.Pod.Metadata;
        if (Status(wiring) is not { } status)
        {
            return;
        }

        var text = status.Write();
        if (NodeAnnotations.Plain(meta.Annotations, ConnectionStatus.Annotation) == text)
        {
            return;
        }

        // What was said of this very pod is on its way back.
        var (sandbox, told) = (wiring.Claim.Details.SandboxId, (meta.ResourceVersion, text));
        if (_told.GetValueOrDefault(sandbox) == told)
        {
            return;
        }

        try
        {
            await _node.Client.AnnotateAsync<V1Pod>(
                meta.NamespaceProperty, meta.Name, [new KeyValuePair<string, string?>(ConnectionStatus.Annotation, text)],
                cancellation, meta.Uid);
            _told[sandbox] = told;
            _node.Logger.LogInformation(
                "pod {Namespace}/{Pod}: {Status} on {Representor} {Reason}", meta.NamespaceProperty, meta.Name, status.Status,
                wiring.Representor, status.Reason);
            if (status.Reason is { } reason)
            {
                await _events.WarningAsync(
                    wiring.Claim.Pod, wiring.Claim.Refusal is null ? "ErrorConnecting" : "AddressRefused", reason, cancellation);
            }
        }
        catch (KubeException e) when (e.IsNotFound || e.IsConflict)
        {
            _node.Logger.LogDebug("pod {Pod} went before it was connected", meta.Name);
        }
    }

    /// <summary>What there is to say; null while OVN is at work.</summary>
    private ConnectionStatus? Status(Wiring wiring)
    {
        var (details, sandbox) = (wiring.Claim.Details, wiring.Claim.Details.SandboxId);
        ConnectionStatus Error(string reason) => new("Error", reason, sandbox);
        if (wiring.Claim.Refusal is { } refusal)
        {
            return Error(refusal);
        }

        if (wiring.Representor is null)
        {
            return Error($"the DPU has no representor of PF {details.PfId} VF {details.VfId}");
        }

        if (_ovs.Now.Named<Interface>(wiring.Representor) is not { } row || !Serves(row, wiring))
        {
            return null;
        }

        if (row.Error is { Length: > 0 } error)
        {
            return Error($"Open vSwitch on the DPU cannot use {wiring.Representor}: {error}");
        }

        var isInstalled = row["external_ids"].Lookup("ovn-installed") == "true";
        if (isInstalled && (_up.ContainsKey(sandbox) || IsSetUp(wiring)))
        {
            _plugged.Remove(sandbox);
            return new ConnectionStatus("Ready", null, sandbox);
        }

        var since = _plugged.TryGetValue(sandbox, out var at) ? at : _plugged[sandbox] = _node.Time.GetTimestamp();
        return _node.Time.GetElapsedTime(since) <= InstallLimit ? null
            : Error(isInstalled
                ? $"the DPU could not set {wiring.Representor} up; the log of ovnkube-node there says why"
                : $"ovn-controller on the DPU has not installed {wiring.Representor} within {InstallLimit.TotalSeconds} s; does it run, and ovn-northd?");
    }

    private bool IsSetUp(Wiring wiring) => RepresentorInterface.IsSetUp(_ovs.Now, wiring.Representor!, _node.Settings.Network.Mtu);

    private static bool Serves(Interface row, Wiring wiring) =>
        row["external_ids"].Lookup("iface-id-ver") == wiring.Claim.Pod.Metadata.Uid &&
        row["external_ids"].Lookup("sandbox") == wiring.Claim.Details.SandboxId;

    private static Dictionary<string, string> Ids(Wiring wiring)
    {
        var (meta, network) = (wiring.Claim.Pod.Metadata, wiring.Claim.Network);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["attached_mac"] = network.Mac,
            ["iface-id"] = ZonePod.PortOf(meta.NamespaceProperty, meta.Name),
            ["iface-id-ver"] = meta.Uid,
            ["sandbox"] = wiring.Claim.Details.SandboxId,
            ["ip_addresses"] = string.Join(',', network.Addresses.Select(a => a.Address)),
            ["vf-netdev-name"] = wiring.Representor!,
        };
    }

    private sealed record Wiring(PodClaim Claim, string? Representor);
}
