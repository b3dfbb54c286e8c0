using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Guide.Tracing;

/// <summary>
/// Follows a packet from a pod hop by hop, zone by zone: the logical network as <c>ovn-trace</c> sees it, the bridges as Open vSwitch would
/// forward it, each asked beside the switch itself. Nothing is sent, and nothing is changed.
/// </summary>
/// <param name="client">The management cluster.</param>
/// <param name="clusters">The DPU clusters.</param>
public sealed class PathTracer(KubeClient client, ClusterClients clusters)
{
    private const int MostZones = 4;
    private readonly List<Hop> _hops = [];
    private IReadOnlyDictionary<string, NodeSwitching> _zones = new Dictionary<string, NodeSwitching>();
    private string? _drop;

    /// <summary>Follows one packet.</summary>
    /// <param name="from">The pod that sends it.</param>
    /// <param name="to">Where it is to go.</param>
    /// <param name="protocol"><c>tcp</c>, <c>udp</c> or <c>icmp</c>.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="TraceException">The switch of the pod's node cannot be asked, or the pod has no address of the target's family.</exception>
    public async Task<TraceReport> TraceAsync(V1Pod from, TraceTarget to, string protocol, CancellationToken cancellation)
    {
        var source = $"{from.Metadata.NamespaceProperty}/{from.Metadata.Name}";
        try
        {
            _zones = await NodeSwitching.FindAsync(client, clusters, cancellation);
            await FromPodAsync(from, to, protocol, cancellation);
        }
        catch (IOException e)
        {
            throw new TraceException(e.Message);
        }

        return new TraceReport($"pod {source}", $"{to.Text} ({to.Address}), {protocol}{(to.Port is { } port ? $" {port}" : "")}", _hops, _drop);
    }

    private async Task FromPodAsync(V1Pod from, TraceTarget to, string protocol, CancellationToken cancellation)
    {
        var zone = Zone(from.Spec.NodeName);
        var logicalPort = LogicalPort(from);
        var source = to.SourceIn(from);
        Add(HopKind.Pod, $"node {from.Spec.NodeName}", $"{from.Metadata.NamespaceProperty}/{from.Metadata.Name}", $"sends from {source}");
        if (!await PortAsync(zone, logicalPort, cancellation))
        {
            return;
        }

        var own = (await zone.AskAsync(cancellation, "ovn-nbctl", "lsp-get-addresses", logicalPort)).Trim().Split(' ')[0];
        var gateway = (await zone.AskAsync(cancellation, "ovn-nbctl", "--bare", "--columns=mac", "find", "logical_router_port", $"name=rtos-{zone.Node}")).Trim();
        var isNeighbour = to.Pod is { } pod && pod.Spec.NodeName == from.Spec.NodeName;
        var next = isNeighbour ? (await zone.AskAsync(cancellation, "ovn-nbctl", "lsp-get-addresses", LogicalPort(to.Pod!))).Trim().Split(' ')[0] : gateway;
        if (own.Length == 0 || next.Length == 0)
        {
            _drop = $"{zone.Machine}: the logical network does not know {(own.Length == 0 ? $"port {logicalPort}" : isNeighbour ? $"port {LogicalPort(to.Pod!)}" : $"the gateway of {zone.Node}")}";
            return;
        }

        await ThroughZonesAsync(zone, logicalPort, from, to, new Packet(own, next, source, to.Address, protocol, to.Port), cancellation);
    }

    private async Task ThroughZonesAsync(NodeSwitching zone, string inPort, V1Pod from, TraceTarget to, Packet packet, CancellationToken cancellation)
    {
        for (var i = 0; i < MostZones; i++)
        {
            var path = await LogicalAsync(zone, packet, inPort, cancellation);
            foreach (var hop in path.Hops)
            {
                var ports = $"{hop.Datapath}: {hop.InPort} → {hop.Output?.Port ?? "nowhere"}";
                Add(hop.IsRouter ? HopKind.Router : HopKind.Switch, zone.Machine, ports, [.. hop.Facts]);
            }

            packet = path.Packet;
            switch (path)
            {
                case { Drop: { } drop }:
                    _drop = await ExplainAsync(zone, path.Hops is [.., var last] ? last.Datapath : "the logical network", drop, from, packet, cancellation);
                    return;
                case { End: ("", _) or null }:
                    _drop = $"{zone.Machine}: the logical network leads nowhere";
                    return;
                case { End: (var remote, "remote") }:
                    var there = remote.StartsWith("tstor-", StringComparison.Ordinal) ? remote["tstor-".Length..] : remote;
                    if (!await TunnelAsync(zone, there, cancellation))
                    {
                        return;
                    }

                    (inPort, zone) = ($"tstor-{zone.Node}", Zone(there));
                    continue;
                case { End: (_, "localnet") }:
                    await OutAsync(zone, packet, cancellation);
                    return;
                case { End: (var port, _) }:
                    if (await PortAsync(zone, port, cancellation))
                    {
                        Add(
                            port.StartsWith("k8s-", StringComparison.Ordinal) ? HopKind.Host : HopKind.Pod, $"node {zone.Node}", port.Replace('_', '/'),
                            $"arrives as {packet.Source} → {packet.To}");
                    }

                    return;
            }
        }

        _drop = $"it goes round: more than {MostZones} zones";
    }

    /// <summary>The switch's end of a port; false when it cannot pass packets.</summary>
    private async Task<bool> PortAsync(NodeSwitching zone, string logicalPort, CancellationToken cancellation)
    {
        var port = await SwitchPort.OfLogicalPortAsync(zone, logicalPort, cancellation);
        if (port is null)
        {
            _drop = $"{zone.Machine}: no interface of the switch belongs to {logicalPort}; the pod was not plugged there: kubectl logs of {zone.Pod.Metadata.Name}";
            return false;
        }

        Add(HopKind.Representor, zone.Machine, $"{port.Name} of br-int", port.LinkState == "up" ? "up" : port.LinkState);
        _drop = port.Problem is { } problem ? $"{zone.Machine}: {problem}" : null;
        return _drop is null;
    }

    private async Task<bool> TunnelAsync(NodeSwitching zone, string there, CancellationToken cancellation)
    {
        var node = await client.GetAsync<V1Node>(null, there, cancellation) ?? throw new TraceException($"the packet goes to node {there}, which is not there any more");
        var ends = Encapsulation(node);
        var tunnel = (await SwitchPort.TunnelsAsync(zone, cancellation)).FirstOrDefault(t => ends.Contains(t.Options.GetValueOrDefault("remote_ip") ?? ""));
        if (tunnel is null)
        {
            _drop = $"{zone.Machine}: there is no tunnel to {there} ({string.Join(", ", ends)})";
            return false;
        }

        var (local, remote) = (tunnel.Options.GetValueOrDefault("local_ip") ?? "", tunnel.Options["remote_ip"]);
        Add(HopKind.Tunnel, zone.Machine, $"{tunnel.Name}: Geneve {local} → {remote}");
        return await BridgesAsync(zone, local, remote, cancellation) && await ArrivalAsync(Zone(there), local, remote, cancellation);
    }

    private async Task<bool> BridgesAsync(NodeSwitching zone, string local, string remote, CancellationToken cancellation)
    {
        if (!zone.IsDpu)
        {
            // There the machine's own routes carry the wrapped packet.
            Add(HopKind.Host, zone.Machine, $"its own network carries it to {remote}");
            return true;
        }

        var bridge = await UplinkBridgeAsync(zone, cancellation);
        var path = await SwitchTraceAsync(zone, bridge, $"in_port=LOCAL,udp,nw_src={local},nw_dst={remote},udp_dst=6081", cancellation);
        return Bridges(zone, path, "wrapped");
    }

    private async Task<bool> ArrivalAsync(NodeSwitching zone, string local, string remote, CancellationToken cancellation)
    {
        Add(HopKind.Fabric, "the fabric", $"{local} → {remote}");
        if (!zone.IsDpu)
        {
            Add(HopKind.Host, zone.Machine, "its own network takes it in", "the packet is unwrapped");
            return true;
        }

        var bridge = await UplinkBridgeAsync(zone, cancellation);
        var mac = (await zone.AskAsync(cancellation, "ovs-vsctl", "get", "interface", bridge, "mac_in_use")).Trim().Trim('"');
        var outer = await zone.RunAsync(["ovs-vsctl", "iface-to-br", "p0"], cancellation);
        if (!outer.Succeeded)
        {
            Add(HopKind.Bridges, zone.Machine, bridge, "the packet is unwrapped");
            return true;
        }

        var path = await SwitchTraceAsync(zone, outer.Output.Trim(), $"in_port=p0,udp,dl_dst={mac},nw_src={local},nw_dst={remote},udp_dst=6081", cancellation);
        return Bridges(zone, path, "unwrapped");
    }

    private async Task OutAsync(NodeSwitching zone, Packet packet, CancellationToken cancellation)
    {
        var bridge = await UplinkBridgeAsync(zone, cancellation);
        var port = $"patch-{bridge}_{zone.Node}-to-br-int";
        var asks = packet.IsQuestion;
        var path = await SwitchTraceAsync(zone, bridge, packet.Flow(port), cancellation);
        if (Bridges(zone, path, asks ? "a question for the next hop's MAC address; the packet waits for the answer" : $"leaves as {packet.Source} → {packet.Destination}"))
        {
            Add(HopKind.Fabric, "the fabric", asks ? $"{packet.Destination}, when the next hop has answered" : $"{packet.Destination}, by the next hop {packet.EthernetDestination}");
        }
    }

    private bool Bridges(NodeSwitching zone, SwitchPath path, string fact)
    {
        Add(HopKind.Bridges, zone.Machine, $"{string.Join(" → ", path.Bridges)} → {(path.Out.Count > 0 ? string.Join(", ", path.Out) : "nowhere")}", fact);
        _drop = path.Drop is null ? null : $"{zone.Machine}: bridge {path.Bridges[^1]} drops it: {path.Drop}";
        return path.Drop is null;
    }

    private async Task<string> ExplainAsync(NodeSwitching zone, string datapath, LogicalDrop drop, V1Pod from, Packet packet, CancellationToken cancellation)
    {
        var where = $"{zone.Machine}, {datapath}, {drop.Stage}";
        if (!drop.IsPolicy || drop.Flow.Length == 0)
        {
            return $"{where}: {(drop.Flow.Length == 0 ? "nothing matches it" : "a logical flow drops it")}{(drop.Stage.Contains("port_sec", StringComparison.Ordinal) ? " (port security: not the pod's own addresses)" : "")}";
        }

        var hint = (await zone.AskAsync(cancellation, "ovn-sbctl", "--if-exists", "get", "logical_flow", drop.Flow, "external_ids:stage-hint")).Trim().Trim('"');
        var rule = hint.Length == 0 ? drop.Flow : (await zone.AskAsync(cancellation, "ovn-nbctl", "--bare", "--columns=external_ids", "list", "acl", hint)).Trim();
        var isIngress = drop.Stage.StartsWith("ls_out", StringComparison.Ordinal);
        var pod = isIngress ? await TraceTarget.PodOfAsync(client, packet.Destination, cancellation) : from;
        return $"{where}: {await PolicyNames.ExplainAsync(client, pod, isIngress ? "Ingress" : "Egress", rule, cancellation)}";
    }

    private static async Task<LogicalPath> LogicalAsync(NodeSwitching zone, Packet packet, string inPort, CancellationToken cancellation)
    {
        var path = await ReadAsync([]);

        // A load balancer chooses by chance: told what to choose, what is read is what was followed.
        return path.Packet.Destination == packet.Destination && path.Packet.Port == packet.Port
            ? path
            : path.FollowedTo(await ReadAsync([$"--lb-dst={path.Packet.To}"]));

        async Task<LogicalPath> ReadAsync(string[] choice)
        {
            // Connection tracking is asked several times on the way; each time it is a new connection.
            var text = await zone.AskAsync(cancellation, ["ovn-trace", .. Enumerable.Repeat("--ct=new", 16), .. choice, packet.Microflow(inPort)]);
            return LogicalPath.Read(OvnTraceText.Parse(text), packet);
        }
    }

    private static async Task<SwitchPath> SwitchTraceAsync(NodeSwitching zone, string bridge, string flow, CancellationToken cancellation) =>
        SwitchPath.Parse(await zone.AskAsync(cancellation, "ovs-appctl", "ofproto/trace", "--names", bridge, flow));

    private static async Task<string> UplinkBridgeAsync(NodeSwitching zone, CancellationToken cancellation)
    {
        // NETWORK:BRIDGE, separated by commas; OVN-Kubernetes has one.
        var mappings = (await zone.AskAsync(cancellation, "ovs-vsctl", "get", "open_vswitch", ".", "external_ids:ovn-bridge-mappings")).Trim().Trim('"');
        return mappings.Split(',')[0].Split(':')[^1];
    }

    private static HashSet<string> Encapsulation(V1Node node)
    {
        var ends = new HashSet<string>(StringComparer.Ordinal);
        if (node.Metadata.Annotations?.TryGetValue("k8s.ovn.org/node-encap-ips", out var json) == true && JsonNode.Parse(json) is JsonArray list)
        {
            ends.UnionWith(list.Select(address => (string)address!));
        }

        if (ends.Count == 0)
        {
            ends.UnionWith((node.Status.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address));
        }

        return ends;
    }

    private NodeSwitching Zone(string node) => _zones.GetValueOrDefault(node) ?? throw new TraceException(
        $"no pod of OVN-Kubernetes runs for node {node}, so that its switch cannot be asked; dpf describe --issues may say why");

    private static string LogicalPort(V1Pod pod) => $"{pod.Metadata.NamespaceProperty}_{pod.Metadata.Name}";

    private void Add(HopKind kind, string machine, string what, params IReadOnlyList<string> facts) => _hops.Add(new Hop(kind, machine, what, facts));
}
