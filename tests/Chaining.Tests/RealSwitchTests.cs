using Dpf.Chaining.Agent;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests;

public sealed class RealSwitchTests
{
    [Fact]
    public async Task PortsAndFlowsAreMadeRepairedAndRemoved()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await OvsdbServer.StartAsync("/usr/share/openvswitch/vswitch.ovsschema", cancellation);
        Environment.SetEnvironmentVariable("OVS_RUNDIR", server.Folder);
        var database = "unix:" + server.Socket;
        Task<string> Vsctl(params string[] arguments) => OvsdbServer.RunAsync(cancellation, ["ovs-vsctl", "--db=" + database, .. arguments]);
        await Vsctl("--no-wait", "init");
        using var daemon = OvsdbServer.Start(
            "ovs-vswitchd", database, "--enable-dummy=override", "--disable-system", "-vconsole:off", $"--unixctl={server.Folder}/vswitchd.ctl");
        try
        {
            await Vsctl(
                "add-br", "br-sfc", "--", "set", "bridge", "br-sfc", "datapath_type=dummy", "fail_mode=secure", "--", "add-port", "br-sfc", "p0",
                "--", "set", "interface", "p0", "type=dummy", "--", "add-br", "br-ovn", "--", "set", "bridge", "br-ovn", "datapath_type=dummy");
            await using var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, server.Socket);
            await ovs.Client.WaitUntilSyncedAsync(cancellation);

            await PassAsync(ovs, chained: true, cancellation);
            await ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.GetValueOrDefault("puplinkbrsfc")?.Ofport > 0, cancellation);
            await PassAsync(ovs, chained: true, cancellation);
            Assert.Equal(0, await PassAsync(ovs, chained: true, cancellation));
            Assert.Contains("dpf-id=\"dpf-operator-system/p0-dpu1\"", await Vsctl("get", "interface", "p0", "external_ids"), StringComparison.Ordinal);
            Assert.Contains("peer=puplinkbrsfc", await Vsctl("get", "interface", "puplinkbrovn", "options"), StringComparison.Ordinal);
            await OvsdbServer.RunAsync(cancellation, "ovs-appctl", "-t", $"{server.Folder}/vswitchd.ctl", "netdev-dummy/receive", "p0", "in_port(1),eth(src=02:00:00:00:00:01,dst=ff:ff:ff:ff:ff:ff),eth_type(0x1234)");
            Assert.Contains("02:00:00:00:00:01", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);

            await OvsdbServer.RunAsync(cancellation, "ovs-ofctl", "del-flows", "br-sfc");
            Assert.Equal(3, await PassAsync(ovs, chained: true, cancellation));

            await PassAsync(ovs, chained: false, cancellation);
            Assert.Equal("p0", (await Vsctl("list-ports", "br-sfc")).Trim());
            Assert.Equal("", (await Vsctl("list-ports", "br-ovn")).Trim());
            Assert.DoesNotContain("priority=20", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);
        }
        finally
        {
            daemon.Kill(entireProcessTree: true);
            await daemon.WaitForExitAsync(cancellation);
        }
    }

    /// <summary>One pass of the agent; the number of changes of flows.</summary>
    private static async Task<int> PassAsync(NodeSwitch ovs, bool chained, CancellationToken cancellation)
    {
        NodePlan Plan() => chained
            ? NodePlan.Of([Samples.Physical(), Samples.Ovn()], [Samples.Chain("c", [("uplink", "p0"), ("port", "ovn")])], [], ovs.View)
            : NodePlan.Of([], [], [], ovs.View);
        await ovs.ApplyAsync(Plan().Rows(ovs.View), cancellation);
        var changes = ChainFlow.Changes(ChainFlow.Read(await ovs.DumpFlowsAsync("br-sfc", cancellation)), Plan().Flows);
        if (changes.Count > 0)
        {
            await ovs.ChangeFlowsAsync("br-sfc", changes, cancellation);
        }

        return changes.Count;
    }
}
