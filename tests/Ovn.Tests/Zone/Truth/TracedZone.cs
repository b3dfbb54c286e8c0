using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Applying;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Zone.Truth;

/// <summary>
/// The zone of worker1 in real databases behind the real northd, with <c>ovn-trace</c> as a server that tells where packets go:
/// no kernel, no switch.
/// </summary>
public sealed class TracedZone : IAsyncLifetime
{
    private OvsdbServer _north = null!;
    private OvsdbServer _south = null!;
    private System.Diagnostics.Process _northd = null!;
    private ZoneDatabases _databases = null!;
    private Socket? _tracer;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string TracerPath => Path.Combine(_south.Folder, "trace.ctl");

    public async ValueTask InitializeAsync()
    {
        _north = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        _south = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-sb.ovsschema", Cancellation);
        await OvsdbServer.RunAsync(Cancellation, "ovn-nbctl", $"--db=unix:{_north.Socket}", "init");
        await OvsdbServer.RunAsync(Cancellation, "ovn-sbctl", $"--db=unix:{_south.Socket}", "init");
        _northd = OvsdbServer.Start(
            "ovn-northd", $"--ovnnb-db=unix:{_north.Socket}", $"--ovnsb-db=unix:{_south.Socket}", $"--unixctl={_north.Folder}/northd.ctl",
            "-vconsole:off");
        _databases = new ZoneDatabases(() => _north.Socket, () => _south.Socket, TimeProvider.System, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await StopTracerAsync(CancellationToken.None);
        await _databases.DisposeAsync();
        _northd.Kill();
        await _northd.WaitForExitAsync();
        _northd.Dispose();
        await _north.DisposeAsync();
        await _south.DisposeAsync();
    }

    /// <summary>Makes the zone what the cluster says.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="endpoint">Where load balancing sends every packet; null for where it likes.</param>
    internal async Task ApplyAsync(ClusterObjects cluster, string? endpoint = null)
    {
        await StopTracerAsync(Cancellation);
        var facts = ClusterFacts.Read("worker1", Sample.Network, cluster);
        await _databases.ApplyAsync(facts, Cancellation);
        await NbctlAsync("--wait=sb", "sync");
        await _databases.South.WaitUntilSyncedAsync(Cancellation);
        while (await _databases.ApplyAsync(facts, Cancellation) > 0)
        {
            await NbctlAsync("--wait=sb", "sync");
        }

        await LearnNextHopAsync();

        // Every packet begins a connection; the tracer takes the next of these at each pass through the connection tracker.
        await OvsdbServer.RunAsync(
            Cancellation,
            [
                "ovn-trace", $"--db=unix:{_south.Socket}", "--detach", $"--unixctl={TracerPath}", "-vconsole:off",
                .. Enumerable.Repeat("--ct=new", 4000), .. endpoint is null ? [] : (string[])["--lb-dst=" + endpoint],
            ]);
        _tracer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await _tracer.ConnectAsync(new UnixDomainSocketEndPoint(TracerPath), Cancellation);
    }

    /// <summary>Whether a packet of a new connection from one pod to another gets through this zone's part of the way.</summary>
    internal Task<bool> PassesAsync(V1Pod from, V1Pod to, string protocol, int port)
    {
        var target = World.Address(to);
        var l4 = protocol == "ICMP" ? "icmp4.type == 8" : $"{protocol.ToLowerInvariant()}.dst == {port}";
        return to.Spec.NodeName == "worker1"
            ? PassesAsync(from, target, l4, $"output to \"{ZonePod.PortOf(to.Metadata.NamespaceProperty, to.Metadata.Name)}\"")
            : PassesAsync(from, target, l4, "output to \"tstor-worker2\"");
    }

    /// <summary>Whether a packet from a pod to an address leaves where it should.</summary>
    internal async Task<bool> PassesAsync(V1Pod from, IpAddress target, string l4, string leaves) =>
        (await TraceAsync(from, target, l4)).Contains(leaves, StringComparison.Ordinal);

    /// <summary>The way of a packet, as <c>ovn-trace</c> tells it.</summary>
    /// <param name="from">The pod that sends it; one of the other zone comes out of the tunnel.</param>
    /// <param name="target">Where to.</param>
    /// <param name="l4">The match of protocol and port.</param>
    internal Task<string> TraceAsync(V1Pod from, IpAddress target, string l4)
    {
        var source = World.Address(from);
        var (datapath, port, sourceMac, targetMac) = from.Spec.NodeName == "worker1"
            ? ("worker1", ZonePod.PortOf(from.Metadata.NamespaceProperty, from.Metadata.Name), source.Mac,
                Sample.Worker1.Subnets[0].Contains(target) ? target.Mac : IpAddress.Parse("10.233.64.1").Mac)
            : ("transit_switch", "tstor-worker2", IpAddress.Parse("100.88.0.3").Mac, IpAddress.Parse("100.88.0.2").Mac);
        var flow = $"inport == \"{port}\" && eth.src == {sourceMac} && eth.dst == {targetMac} && ip4.src == {source} && " +
            $"ip4.dst == {target} && ip.ttl == 64 && {l4}";
        return CallAsync("trace", [datapath, flow]);
    }

    internal Task<string> NbctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(Cancellation, ["ovn-nbctl", $"--db=unix:{_north.Socket}", .. arguments]);

    /// <summary>What an ARP reply from the fabric's router would have taught ovn-controller; of so late that it does not age.</summary>
    private async Task LearnNextHopAsync()
    {
        if ((await SbctlAsync("--bare", "--columns=_uuid", "find", "MAC_Binding", "logical_port=rtoe-GR_worker1")).Trim().Length == 0)
        {
            var datapath = (await SbctlAsync("--bare", "--columns=datapath", "find", "Port_Binding", "logical_port=rtoe-GR_worker1")).Trim();
            await SbctlAsync(
                "create", "MAC_Binding", "logical_port=rtoe-GR_worker1", "ip=10.0.123.254", "mac=\"0a:00:00:00:00:fe\"",
                "timestamp=4102444800000", "datapath=" + datapath);
        }
    }

    private Task<string> SbctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(Cancellation, ["ovn-sbctl", $"--db=unix:{_south.Socket}", .. arguments]);

    private async Task StopTracerAsync(CancellationToken cancellation)
    {
        if (_tracer is not null)
        {
            await _tracer.SendAsync(Encoding.UTF8.GetBytes("""{"id":2,"method":"exit","params":[]}"""), cancellation);
            var buffer = new byte[4096];
            while (await _tracer.ReceiveAsync(buffer, cancellation) > 0)
            {
                // Its last words; then it is gone.
            }

            _tracer.Dispose();
            _tracer = null;
            File.Delete(TracerPath);
        }
    }

    /// <summary>One request of the daemons' control protocol: JSON-RPC 1.0.</summary>
    private async Task<string> CallAsync(string method, string[] arguments)
    {
        var request = new JsonObject { ["id"] = 1, ["method"] = method, ["params"] = new JsonArray([.. arguments.Select(a => (JsonNode)a)]) };
        await _tracer!.SendAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), Cancellation);
        using var answer = new MemoryStream();
        var buffer = new byte[65536];
        while (true)
        {
            var count = await _tracer.ReceiveAsync(buffer, Cancellation);
            Assert.NotEqual(0, count);
            answer.Write(buffer, 0, count);
            try
            {
                var reply = JsonNode.Parse(answer.ToArray())!;
                Assert.True(reply["error"] is null, reply["error"]?.ToString());
                return (string)reply["result"]!;
            }
            catch (System.Text.Json.JsonException)
            {
                // Not whole yet.
            }
        }
    }
}
