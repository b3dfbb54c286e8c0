using Dpf.Chaining.Agent;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests;

[Collection(DummySwitch.OneAtATime)]
public sealed class RealSwitchTests
{
    [Fact]
    public async Task PortsAndFlowsAreMadeRepairedAndRemoved()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var real = await DummySwitch.StartAsync(cancellation);
        await using var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);
        await ovs.Client.WaitUntilSyncedAsync(cancellation);

        await PassAsync(ovs, chained: true, cancellation);
        await ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.GetValueOrDefault("puplinkbrsfc")?.Ofport > 0, cancellation);
        await PassAsync(ovs, chained: true, cancellation);
        Assert.Equal(0, await PassAsync(ovs, chained: true, cancellation));
        Assert.Contains("dpf-id=\"dpf-operator-system/p0-dpu1\"", await real.VsctlAsync("get", "interface", "p0", "external_ids"), StringComparison.Ordinal);
        Assert.Contains("peer=puplinkbrsfc", await real.VsctlAsync("get", "interface", "puplinkbrovn", "options"), StringComparison.Ordinal);
        await OvsdbServer.RunAsync(cancellation, "ovs-appctl", "-t", real.Control, "netdev-dummy/receive", "p0", "in_port(1),eth(src=02:00:00:00:00:01,dst=ff:ff:ff:ff:ff:ff),eth_type(0x1234)");
        Assert.Contains("02:00:00:00:00:01", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);

        await OvsdbServer.RunAsync(cancellation, "ovs-ofctl", "del-flows", "br-sfc");
        Assert.Equal(3, await PassAsync(ovs, chained: true, cancellation));

        await PassAsync(ovs, chained: false, cancellation);
        Assert.Equal("p0", (await real.VsctlAsync("list-ports", "br-sfc")).Trim());
        Assert.Equal("", (await real.VsctlAsync("list-ports", "br-ovn")).Trim());
        Assert.DoesNotContain("priority=20", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);
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
