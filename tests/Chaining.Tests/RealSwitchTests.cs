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
        Assert.Equal(4, await PassAsync(ovs, chained: true, cancellation));

        await PassAsync(ovs, chained: false, cancellation);
        Assert.Equal("p0", (await real.VsctlAsync("list-ports", "br-sfc")).Trim());
        Assert.Equal("", (await real.VsctlAsync("list-ports", "br-ovn")).Trim());
        Assert.DoesNotContain("priority=20", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task P12_a_change_of_one_switch_leaves_the_others_of_its_chain_what_they_learned()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var real = await DummySwitch.StartAsync(cancellation);
        await using var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);
        foreach (var port in (string[])["a1", "b0", "b1", "b2"])
        {
            await real.VsctlAsync("add-port", "br-sfc", port, "--", "set", "interface", port, "type=dummy");
        }

        async Task<long> PortAsync(string name) =>
            long.Parse(await real.VsctlAsync("get", "interface", name, "ofport"), System.Globalization.CultureInfo.InvariantCulture);
        var (first, second) = ((long[])[await PortAsync("p0"), await PortAsync("a1")], (long[])[await PortAsync("b0"), await PortAsync("b1"), await PortAsync("b2")]);
        await ApplyAsync([.. ChainFlow.Of(5, first), .. ChainFlow.Of(5, second[..2])]);
        await LearnAsync("p0", first[0], "02:00:00:00:00:0a");
        await LearnAsync("b0", second[0], "02:00:00:00:00:0b");
        var flows = await ovs.DumpFlowsAsync("br-sfc", cancellation);
        Assert.All((string[])["0a", "0b"], mac => Assert.Contains($"dl_dst=02:00:00:00:00:{mac}", flows, StringComparison.Ordinal));

        // Another port joins the second switch, and one leaves it.
        await ApplyAsync([.. ChainFlow.Of(5, first), .. ChainFlow.Of(5, [second[0], second[2]])]);
        flows = await ovs.DumpFlowsAsync("br-sfc", cancellation);
        Assert.Contains("dl_dst=02:00:00:00:00:0a", flows, StringComparison.Ordinal);
        Assert.DoesNotContain("dl_dst=02:00:00:00:00:0b", flows, StringComparison.Ordinal);
        Assert.DoesNotContain($"in_port={second[1]} ", flows, StringComparison.Ordinal);
        Assert.Empty(ChainFlow.Changes(ChainFlow.Read(flows), [.. ChainFlow.Of(5, first), .. ChainFlow.Of(5, [second[0], second[2]])]));
        await ApplyAsync([]);
        Assert.DoesNotContain("cookie=0x5,", await ovs.DumpFlowsAsync("br-sfc", cancellation), StringComparison.Ordinal);

        async Task ApplyAsync(IReadOnlyList<ChainFlow> wanted) => await ovs.ChangeFlowsAsync(
            "br-sfc", ChainFlow.Changes(ChainFlow.Read(await ovs.DumpFlowsAsync("br-sfc", cancellation)), wanted), cancellation);

        Task<string> LearnAsync(string device, long port, string mac) => OvsdbServer.RunAsync(
            cancellation, "ovs-appctl", "-t", real.Control, "netdev-dummy/receive", device, $"in_port({port}),eth(src={mac},dst=ff:ff:ff:ff:ff:ff),eth_type(0x1234)");
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
