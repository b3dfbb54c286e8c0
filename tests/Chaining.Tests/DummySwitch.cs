using System.Diagnostics;
using Dpf.Testing;

namespace Dpf.Chaining.Tests;

/// <summary>An Open vSwitch of the test's own, whose devices are no devices: <c>br-sfc</c> with the uplink <c>p0</c>, and <c>br-ovn</c>.</summary>
internal sealed class DummySwitch : IAsyncDisposable
{
    /// <summary>The collection of tests with a switch: its programs find it by a variable of the process.</summary>
    public const string OneAtATime = "one switch at a time";

    private readonly OvsdbServer _server;
    private readonly Process _daemon;
    private bool _gone;

    private DummySwitch(OvsdbServer server, Process daemon) => (_server, _daemon) = (server, daemon);

    /// <summary>The database's socket.</summary>
    public string Socket => _server.Socket;

    /// <summary>The daemon's control socket.</summary>
    public string Control => ControlOf(_server);

    public static async Task<DummySwitch> StartAsync(CancellationToken cancellation)
    {
        var server = await OvsdbServer.StartAsync("/usr/share/openvswitch/vswitch.ovsschema", cancellation);
        Environment.SetEnvironmentVariable("OVS_RUNDIR", server.Folder);
        await OvsdbServer.RunAsync(cancellation, "ovs-vsctl", "--db=unix:" + server.Socket, "--no-wait", "init");
        var daemon = OvsdbServer.Start(
            "ovs-vswitchd", "unix:" + server.Socket, "--enable-dummy=override", "--disable-system", "-vconsole:off", $"--unixctl={ControlOf(server)}");
        var dummy = new DummySwitch(server, daemon);
        try
        {
            await dummy.VsctlAsync(
                "add-br", "br-sfc", "--", "set", "bridge", "br-sfc", "datapath_type=dummy", "fail_mode=secure", "--", "add-port", "br-sfc", "p0",
                "--", "set", "interface", "p0", "type=dummy", "--", "add-br", "br-ovn", "--", "set", "bridge", "br-ovn", "datapath_type=dummy");
            return dummy;
        }
        catch
        {
            await dummy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs <c>ovs-vsctl</c>.</summary>
    public Task<string> VsctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(TestContext.Current.CancellationToken, ["ovs-vsctl", "--db=unix:" + Socket, .. arguments]);

    /// <summary>Ends it; again does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_gone)
        {
            return;
        }

        _gone = true;
        _daemon.Kill(entireProcessTree: true);
        await _daemon.WaitForExitAsync();
        _daemon.Dispose();
        await _server.DisposeAsync();
    }

    private static string ControlOf(OvsdbServer server) => $"{server.Folder}/vswitchd.ctl";
}
