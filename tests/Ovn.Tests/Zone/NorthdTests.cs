using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;
using Dpf.Testing;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>A zone's rows in real databases, translated by the real northd, judged by ovn-trace.</summary>
public sealed class NorthdTests : IAsyncLifetime
{
    // The pod a asks who has the address of b; what it says its own is comes last.
    private const string Solicitation =
        "inport == \"default_a\" && eth.src == 0a:58:0a:e9:40:03 && eth.dst == 33:33:ff:00:00:04 && ip6.dst == ff02::1:ff00:4 && " +
        "ip.ttl == 255 && icmp6.type == 135 && icmp6.code == 0 && nd.target == fd00:10:233:1::4 && nd.sll == 0a:58:0a:e9:40:03 && ip6.src == ";

    private ZoneServers _servers = null!;
    private System.Diagnostics.Process _northd = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _servers = await ZoneServers.StartAsync(Cancellation);
        _northd = OvsdbServer.Start(
            "ovn-northd", $"--ovnnb-db=unix:{_servers.North.Socket}", $"--ovnsb-db=unix:{_servers.South.Socket}", $"--unixctl={_servers.North.Folder}/northd.ctl",
            "-vconsole:off");
    }

    public async ValueTask DisposeAsync()
    {
        _northd.Kill();
        await _northd.WaitForExitAsync();
        _northd.Dispose();
        await _servers.DisposeAsync();
    }

    [Fact]
    public async Task APodReachesAPodOfTheSameZone()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", IpAddress.Parse("10.233.64.4"));

        Assert.Contains("output to \"default_b\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesAPodOfAnotherZoneOverTheTransitSwitch()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", IpAddress.Parse("10.233.65.9"));

        Assert.Contains("output to \"tstor-worker2\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesAServicesEndpoint()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", IpAddress.Parse("10.233.0.10"), "tcp.dst == 80", "10.233.64.4:8080");

        Assert.Contains("ct_lb", trace, StringComparison.Ordinal);
        Assert.Contains("output to \"default_b\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesTheOutsideThroughItsGateway()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", IpAddress.Parse("198.51.100.10"));

        Assert.Contains("output to \"br-ovn_worker1\"", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSameFactsAgainChangeNothingAndFewerFactsRemoveTheirRows()
    {
        var facts = Facts();
        await ApplyAsync(facts);
        Assert.Equal(0, await _servers.Databases.ApplyAsync(facts, Cancellation));

        await ApplyAsync(facts with { Pods = [facts.Pods[0]], Services = [] });

        var ports = await NbctlAsync("--bare", "--columns=name", "list", "Logical_Switch_Port");
        Assert.Contains("default_a", ports, StringComparison.Ordinal);
        Assert.DoesNotContain("default_b", ports, StringComparison.Ordinal);
        Assert.Equal("", (await NbctlAsync("lb-list")).Trim());
    }

    [Fact]
    public async Task OnceNorthdHasSettledTheSouthboundRowsStay()
    {
        await ApplyAsync(Facts());
        var settled = await SouthboundAsync();
        Assert.Contains("tstor-worker2", settled, StringComparison.Ordinal);
        Assert.Contains("chassis-worker2", settled, StringComparison.Ordinal);

        for (var pass = 0; pass < 3; pass++)
        {
            Assert.Equal(0, await _servers.Databases.ApplyAsync(Facts(), Cancellation));
            await NbctlAsync("--wait=sb", "sync");
        }

        Assert.Equal(settled, await SouthboundAsync());
    }

    [Fact]
    public async Task AZoneThatGoesTakesItsChassisAndItsBindingAlong()
    {
        await ApplyAsync(Facts());
        await ApplyAsync(Facts() with { Nodes = [Sample.Worker1] });

        var left = await SouthboundAsync();

        Assert.DoesNotContain("worker2", left, StringComparison.Ordinal);
        Assert.Contains("tstor-worker1", left, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AZoneThatIsInstalledAgainIsReachedByItsNewChassisAtTheSameEndpoint()
    {
        await ApplyAsync(Facts());
        await ApplyAsync(Facts() with { Nodes = [Sample.Worker1, Sample.Worker2 with { ChassisId = "installed-again" }] });

        var now = await SouthboundAsync();

        Assert.DoesNotContain("chassis-worker2", now, StringComparison.Ordinal);
        Assert.Contains("installed-again", now, StringComparison.Ordinal);
    }

    /// <summary>
    /// northd keeps the rows of static neighbours that it finds, at routers of before, and then fails to remove those: all that it
    /// translates from there on is refused.
    /// </summary>
    [Fact]
    public async Task ANorthboundDatabaseThatWasLostAndFilledAgainIsTranslated()
    {
        await ApplyAsync(Facts());
        await NorthdAsync("pause");
        await _servers.North.KillAsync();
        File.Delete(Path.Combine(_servers.North.Folder, "db"));
        await OvsdbServer.RunAsync(Cancellation, "ovsdb-tool", "create", Path.Combine(_servers.North.Folder, "db"), "/usr/share/ovn/ovn-nb.ovsschema");
        await _servers.North.RestartAsync(Cancellation);
        await NbctlAsync("init");
        while (_servers.Databases.North.Replica.Current is var seen && (seen.Table("Logical_Router").Count > 0 || seen.Table("NB_Global").Count == 0))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        }

        var facts = Facts() with { Pods = [.. Facts().Pods, Sample.Pod("c", "10.233.64.5/24")] };
        await _servers.Databases.ApplyAsync(facts, Cancellation);
        await NorthdAsync("resume");

        // The southbound database has counted further than the new northbound one: to wait for its number means nothing.
        var southbound = "";
        for (var tries = 0; tries < 200 && !(southbound = await SouthboundAsync()).Contains("default_c", StringComparison.Ordinal); tries++)
        {
            await _servers.Databases.ApplyAsync(facts, Cancellation);
        }

        Assert.Contains("default_c", southbound, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodReachesItsHostThroughTheManagementPort()
    {
        await ApplyAsync(Facts());

        var trace = await TraceAsync("default_a", "10.233.64.3", IpAddress.Parse("10.0.123.21"));

        Assert.Contains("output to \"k8s-worker1\"", trace, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fd00:10:233:1::4", "icmp6.type == 128", null, "output to \"default_b\"")]
    [InlineData("fd00:10:233:2::9", "icmp6.type == 128", null, "output to \"tstor-worker2\"")]
    [InlineData("fd00:10:96::a", "tcp.dst == 80", "[fd00:10:233:1::4]:8080", "output to \"default_b\"")]
    [InlineData("2001:db8::10", "icmp6.type == 128", null, "output to \"br-ovn_worker1\"")]
    [InlineData("fd00:123::21", "icmp6.type == 128", null, "output to \"k8s-worker1\"")]
    public async Task OverIpv6APodReachesTheSame(string target, string protocol, string? endpoint, string way)
    {
        await ApplyAsync(Sample.DualFacts);

        var trace = await TraceAsync("default_a", "fd00:10:233:1::3", IpAddress.Parse(target), protocol, endpoint);

        Assert.Contains(way, trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodsIpv6AddressIsAnsweredForByTheSwitchAndCannotBeStolen()
    {
        await ApplyAsync(Sample.DualFacts);

        Assert.Contains("nd_na", await TraceAsync("worker1", Solicitation + "fd00:10:233:1::3"), StringComparison.Ordinal);
        Assert.DoesNotContain("output to", await TraceAsync("worker1", Solicitation + "fd00:10:233:1::9"), StringComparison.Ordinal);
    }

    /// <summary>Neighbours are found by packets of IPv6 itself: a policy that denies all of it does not mean them.</summary>
    [Fact]
    public async Task APodThatMaySendNothingStillFindsItsNeighbours()
    {
        var nothing = new ZoneAdminPolicy(
            "nothing", ["default_a"], [new ZoneAdminRule("nothing", 0, false, AdminAction.Deny, ZonePeers.Everybody, PortSet.All, AclLogging.None)], []);
        await ApplyAsync(Sample.DualFacts with { Policies = new ZonePolicies { Admin = [nothing] } });

        Assert.Contains("nd_na", await TraceAsync("worker1", Solicitation + "fd00:10:233:1::3"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "output to", await TraceAsync("default_a", "fd00:10:233:1::3", IpAddress.Parse("fd00:10:233:1::4"), "icmp6.type == 128"), StringComparison.Ordinal);
    }

    private Task<string> NorthdAsync(string command) =>
        OvsdbServer.RunAsync(Cancellation, "ovn-appctl", "-t", $"{_servers.North.Folder}/northd.ctl", command);

    private static ZoneFacts Facts() =>
        Sample.Facts with { Services = [Sample.Service(Sample.Port(0, ("10.233.64.4", "worker1")))] };

    /// <summary>Applies until the databases settle: a remote port is bound once northd has made its row.</summary>
    private async Task ApplyAsync(ZoneFacts facts)
    {
        await _servers.Databases.ApplyAsync(facts, Cancellation);
        await NbctlAsync("--wait=sb", "sync");
        await _servers.Databases.South.WaitUntilSyncedAsync(Cancellation);
        while (await _servers.Databases.ApplyAsync(facts, Cancellation) > 0)
        {
            await NbctlAsync("--wait=sb", "sync");
        }
    }

    private Task<string> TraceAsync(string port, string source, IpAddress target, string protocol = "icmp4.type == 8", string? endpoint = null)
    {
        // Who has two addresses has the MAC address of the first.
        var four = target.Family == IpFamily.V4 ? target : IpAddress.Parse("10.233.64.0") + (target.Value & 0xff);
        var own = IpAddress.Parse(source) is { Family: IpFamily.V4 } first ? first : IpAddress.Parse("10.233.64.0") + (IpAddress.Parse(source).Value & 0xff);
        var isNeighbour = Sample.DualFacts.Local!.Subnets.Any(s => s.Contains(target));
        return TraceAsync(
            "worker1", port, (source, own.Mac), (target, isNeighbour ? four.Mac : IpAddress.Parse("10.233.64.1").Mac), protocol, endpoint);
    }

    private Task<string> TraceAsync(string datapath, string flow) =>
        OvsdbServer.RunAsync(Cancellation, "ovn-trace", $"--db=unix:{_servers.South.Socket}", datapath, flow);

    // The endpoint only where a service is meant: without one the tracer would send all tracked packets there.
    private Task<string> TraceAsync(
        string datapath, string port, (string Address, string Mac) source, (IpAddress Address, string Mac) target, string protocol,
        string? endpoint) => OvsdbServer.RunAsync(
        Cancellation,
        [
            "ovn-trace", $"--db=unix:{_servers.South.Socket}", "--ct=new", "--ct=new", "--ct=new", "--ct=new",
            .. endpoint is null ? [] : (string[])["--lb-dst=" + endpoint],
            datapath,
            $"inport == \"{port}\" && eth.src == {source.Mac} && eth.dst == {target.Mac} && {target.Address.Family.Match}.src == {source.Address} && {target.Address.Family.Match}.dst == {target.Address} && ip.ttl == 64 && {protocol}",
        ]);

    private async Task<string> SouthboundAsync()
    {
        var tables = new List<string>();
        foreach (var table in (string[])["Chassis", "Encap", "Port_Binding"])
        {
            tables.Add(await OvsdbServer.RunAsync(Cancellation, "ovn-sbctl", $"--db=unix:{_servers.South.Socket}", "list", table));
        }

        return string.Concat(tables);
    }

    private Task<string> NbctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(Cancellation, ["ovn-nbctl", $"--db=unix:{_servers.North.Socket}", .. arguments]);
}
