using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.OvsCni;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.OvsCni;

/// <summary>What the original's plugin for pods on bridges, its marker and its repair of ports get wrong.</summary>
[Collection(DummySwitch.OneAtATime)]
public sealed class OvsCniWeakSpotsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dpf-ovscni-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task N1_representors_ask_for_no_number_and_N2_pods_whose_interfaces_are_called_the_same_leave_each_other_alone()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = await SwitchAsync(real);
        await ovs.ApplyAsync(OvsCniComponent.Missing(ovs.View), Cancellation);
        Attachment[] both = [Hbn("one", "en3f0sf1"), Hbn("two", "en3f0sf2")];
        await ovs.ApplyAsync(Attachment.Rows(both, ovs.View), Cancellation);
        Assert.Equal(
            ["en3f0sf1", "en3f0sf2", "pen3f0sf1brhbn", "pen3f0sf2brhbn"],
            (await real.VsctlAsync("list-ports", "br-hbn")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        foreach (var port in both.Select(b => b.Port))
        {
            Assert.Equal("[]", (await real.VsctlAsync("get", "interface", port, "ofport_request")).Trim());
        }

        await ovs.ApplyAsync(Attachment.Rows([both[1]], ovs.View), Cancellation);
        Assert.Equal("en3f0sf2\npen3f0sf2brhbn", (await real.VsctlAsync("list-ports", "br-hbn")).Trim());
        Assert.Contains("pen3f0sf2brsfc", await real.VsctlAsync("list-ports", "br-sfc"), StringComparison.Ordinal);
        Assert.DoesNotContain("pen3f0sf1brsfc", await real.VsctlAsync("list-ports", "br-sfc"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task N3_a_pod_whose_namespace_is_gone_leaves_no_port()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = await SwitchAsync(real);
        await ovs.ApplyAsync(OvsCniComponent.Missing(ovs.View), Cancellation);
        var attachment = Hbn("one", "en3f0sf1");
        var folder = Directory.CreateDirectory(Path.Combine(_root, "var/lib/cni/ovs-cni")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, attachment.FileName), JsonSerializer.Serialize(attachment), Cancellation);
        await ovs.ApplyAsync(Attachment.Rows(Attachment.Load(folder), ovs.View), Cancellation);
        Assert.Contains("pen3f0sf1brhbn", await real.VsctlAsync("list-ports", "br-hbn"), StringComparison.Ordinal);

        var call = new CniCall("DEL", "one", "", "p0_if", "", "", new JsonObject { ["name"] = "mybrhbn", ["bridge"] = "br-hbn" });
        var plugin = new OvsPlugin(new FakeMachine(_root), ovs);
        Assert.Null(await plugin.AnswerAsync(call, Cancellation));
        Assert.Equal("", (await real.VsctlAsync("list-ports", "br-hbn")).Trim());
        Assert.Equal("p0", (await real.VsctlAsync("list-ports", "br-sfc")).Trim());
        Assert.Empty(Directory.GetFiles(folder));
        Assert.Null(await plugin.AnswerAsync(call, Cancellation));
    }

    [Fact]
    public async Task A_port_whose_removal_failed_is_removed_when_the_runtime_asks_again_and_a_broken_file_holds_nobody_up()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(_root, "var/lib/cni/ovs-cni")).FullName;
        var attachment = Hbn("one", "en3f0sf1");
        var file = Path.Combine(folder, attachment.FileName);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(attachment), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "cut-p0_if.json"), "", Cancellation);
        var call = new CniCall("DEL", "one", "", "p0_if", "", "", new JsonObject { ["name"] = "mybrhbn", ["bridge"] = "br-hbn" });
        await using (var ovs = await SwitchAsync(real))
        {
            await ovs.ApplyAsync(OvsCniComponent.Missing(ovs.View), Cancellation);
            await ovs.ApplyAsync(Attachment.Rows(Attachment.Load(folder), ovs.View), Cancellation);
        }

        // Stopped while it waits for a switch that is not there.
        using (var stopped = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            await using var absent = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, Path.Combine(_root, "absent.sock"));
            var answer = new OvsPlugin(new FakeMachine(_root), absent).AnswerAsync(call, stopped.Token);
            await stopped.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        }

        Assert.True(File.Exists(file));
        await using var again = await SwitchAsync(real);
        Assert.Null(await new OvsPlugin(new FakeMachine(_root), again).AnswerAsync(call, Cancellation));
        Assert.Equal("", (await real.VsctlAsync("list-ports", "br-hbn")).Trim());
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task N4_bridges_that_are_missing_are_made_whatever_system_it_is_and_stay_as_they_are()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = await SwitchAsync(real);
        await real.VsctlAsync("set", "open_vswitch", ".", "external_ids:system-type=debian");
        await real.VsctlAsync("set", "bridge", "br-sfc", "external_ids:theirs=kept");
        Assert.True(await ovs.ApplyAsync(OvsCniComponent.Missing(ovs.View), Cancellation) > 0);
        Assert.Equal(["br-hbn", "br-ovn", "br-sfc"], (await real.VsctlAsync("list-br")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, await ovs.ApplyAsync(OvsCniComponent.Missing(ovs.View), Cancellation));
        Assert.Contains("theirs=kept", await real.VsctlAsync("get", "bridge", "br-sfc", "external_ids"), StringComparison.Ordinal);
        Assert.Equal("p0", (await real.VsctlAsync("list-ports", "br-sfc")).Trim());
    }

    [Fact]
    public async Task N6_a_port_that_is_plugged_in_again_keeps_everything_and_N7_one_that_was_left_half_way_is_finished()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = await SwitchAsync(real);
        foreach (var (port, type) in ((string, string)[])[("p1", "dpdk"), ("p2", "dpdk"), ("p3", "dpf-unplugged")])
        {
            await real.VsctlAsync(
                "add-port", "br-sfc", port, "tag=5", "vlan_mode=access", "--", "set", "interface", port, $"type={type}", "mtu_request=9000",
                "options:dpdk-devargs=0000:03:00.0,representor=[0,65535]", "external_ids:dpf-id=a/b=c,d");
        }

        await ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.Count(p => p.Value.Type.StartsWith("dp", StringComparison.Ordinal)) == 3, Cancellation);
        var before = await ColumnsAsync();
        var machine = new FakeMachine(_root) { Answer = "pmd thread numa_id 0 core_id 1:\n  isolated : false\n  port: p1            queue-id:  0 (enabled)   pmd usage: 0 %\n" };
        await OvsHelperComponent.PassAsync(machine, ovs, NullLogger.Instance, Cancellation);
        Assert.Equal(before, await ColumnsAsync());
        Assert.Equal(["dpdk", "dpdk", "dpdk"], await TypesAsync());

        async Task<string> ColumnsAsync() =>
            await real.VsctlAsync("--columns=name,tag,vlan_mode,external_ids", "find", "port", "tag=5") +
            await real.VsctlAsync("--columns=name,mtu_request,options,external_ids", "find", "interface", "mtu_request=9000");

        async Task<string[]> TypesAsync() => (await real.VsctlAsync("--bare", "--columns=type", "find", "interface", "mtu_request=9000"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Theory]
    [InlineData("  port: p0                queue-id:  0 (enabled)   pmd usage:  0 %", "p0")]
    [InlineData("  port: \"pf0=hpf, x\"      queue-id:  1", "pf0=hpf,")]
    [InlineData("  isolated : true\n  overhead:  0 %", null)]
    [InlineData("", null)]
    public void N7_whatever_the_switch_prints_breaks_nothing(string text, string? port) =>
        Assert.Equal(port is null ? [] : [port], OvsHelperComponent.Polled(text));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static Attachment Hbn(string container, string port) =>
        new(container, "p0_if", "/run/netns/" + container, "br-hbn", port, $"ns/{container}/p0_if", "dpdk", 9000, null, "mlx5_core.sf." + port[^1]);

    private static async Task<NodeSwitch> SwitchAsync(DummySwitch real)
    {
        var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);
        await ovs.Client.WaitUntilSyncedAsync(Cancellation);
        return ovs;
    }
}
