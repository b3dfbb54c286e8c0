using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Applying;
using Dpf.Ovn.Zone.Planning;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests;

/// <summary>A zone's rows in real databases, translated by the real northd, judged by ovn-trace.</summary>
public sealed class NorthboundPlanTests : IAsyncLifetime
{
    private static readonly ClusterNetwork Network = new()
    {
        Pods = SubnetRange.ParseList("10.233.64.0/18/24"),
        Services = [Cidr.Parse("10.233.0.0/18")],
    };

    private OvsdbServer _north = null!;
    private OvsdbServer _south = null!;
    private System.Diagnostics.Process _northd = null!;
    private ZoneDatabases _databases = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
        await _databases.DisposeAsync();
        _northd.Kill();
        _northd.Dispose();
        await _north.DisposeAsync();
        await _south.DisposeAsync();
    }

    [Fact]
    public async Task APodReachesAPodOfTheSameZone()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", Ipv4.Parse("10.233.64.4"));

        Assert.Contains("output to \"default_b\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesAPodOfAnotherZoneOverTheTransitSwitch()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", Ipv4.Parse("10.233.65.9"));

        Assert.Contains("output to \"tstor-worker2\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesAServicesEndpoint()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", Ipv4.Parse("10.233.0.10"), "tcp.dst == 8080");

        Assert.Contains("ct_lb", trace, StringComparison.Ordinal);
        Assert.Contains("output to \"default_b\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesTheOutsideThroughItsGateway()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", Ipv4.Parse("198.51.100.10"));

        Assert.Contains("output to \"br-ovn_worker1\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSameFactsAgainChangeNothingAndFewerFactsRemoveTheirRows()
    {
        var facts = Facts();
        await ApplyAsync(facts);
        Assert.Equal(0, await _databases.ApplyAsync(facts, Cancellation));

        await ApplyAsync(facts with { Pods = [facts.Pods[0]], Services = [] });

        var ports = await NbctlAsync("--bare", "--columns=name", "list", "Logical_Switch_Port");
        Assert.Contains("default_a", ports, StringComparison.Ordinal);
        Assert.DoesNotContain("default_b", ports, StringComparison.Ordinal);
        Assert.Equal("", (await NbctlAsync("lb-list")).Trim());
    }

    private static ZoneFacts Facts() => new(
        "worker1",
        Network,
        [
            Node("worker1", 2, "10.233.64.0/24", "10.0.123.11", "10.0.123.21/24"),
            Node("worker2", 3, "10.233.65.0/24", "10.0.123.12", "10.0.123.22/24"),
        ],
        [Pod("a", "10.233.64.3/24"), Pod("b", "10.233.64.4/24")],
        [
            new ZoneService("default", "traffic")
            {
                ClusterIps = [Ipv4.Parse("10.233.0.10")],
                Ports = [new ZoneServicePort("tcp", 8080, 0, [new ZoneEndpoint(Ipv4.Parse("10.233.64.4"), 8080, "worker1")])],
            },
        ],
        []);

    private static ZoneNode Node(string name, int id, string subnet, string encap, string gateway) => new(name, Cidr.Parse(subnet), id)
    {
        ChassisId = "chassis-" + name,
        EncapIp = Ipv4.Parse(encap),
        Gateway = new GatewayConfig("br-ovn", "br-ovn_" + name, "0a:00:00:00:00:01", Cidr.Parse(gateway), [Ipv4.Parse("10.0.123.254")]),
    };

    private static ZonePod Pod(string name, string address) =>
        new("default", name, "uid-" + name, PodNetwork.Of(Cidr.Parse(address), Network));

    /// <summary>Applies until the databases settle: a remote port is bound once northd has made its row.</summary>
    private async Task ApplyAsync(ZoneFacts facts)
    {
        await _databases.ApplyAsync(facts, Cancellation);
        await NbctlAsync("--wait=sb", "sync");
        await _databases.South.WaitUntilSyncedAsync(Cancellation);
        while (await _databases.ApplyAsync(facts, Cancellation) > 0)
        {
            await NbctlAsync("--wait=sb", "sync");
        }
    }

    private Task<string> TraceAsync(string port, string source, Ipv4 target, string protocol = "icmp4.type == 8")
    {
        var mac = Ipv4.Parse(source).Mac;
        var router = Ipv4.Parse("10.233.64.1").Mac;
        var destination = target.ToString().StartsWith("10.233.64.", StringComparison.Ordinal) ? target.Mac : router;
        return OvsdbServer.RunAsync(
            Cancellation, "ovn-trace", $"--db=unix:{_south.Socket}", "--ct=new", "--lb-dst=10.233.64.4:8080",
            "worker1",
            $"inport == \"{port}\" && eth.src == {mac} && eth.dst == {destination} && ip4.src == {source} && ip4.dst == {target} && ip.ttl == 64 && {protocol}");
    }

    private Task<string> NbctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(Cancellation, ["ovn-nbctl", $"--db=unix:{_north.Socket}", .. arguments]);
}
