using System.Globalization;
using Dpf.Api.Services;
using Dpf.Chaining.Agent;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.Agent;

/// <summary>What the original's agent of interfaces and chains gets wrong, on a real switch or as a pure function.</summary>
[Collection(DummySwitch.OneAtATime)]
public sealed class AgentWeakSpotsTests
{
    private static readonly ServiceChain Guide = Samples.Chain("c", [("uplink", "p0"), ("port", "ovn")]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task F1_a_port_that_leaves_a_chain_leaves_no_flow_and_F14_one_that_is_another_now_leaves_no_port()
    {
        await using var node = await Node.StartAsync();
        var vf = Vf(3);
        var chain = Samples.Chain("c", [("uplink", "p0"), ("vf", "a"), ("port", "ovn")]);
        await node.SettleAsync([Samples.Physical(), vf, Samples.Ovn()], [chain], "pf0vf3");
        var left = await node.NumberAsync("pf0vf3");
        Assert.Contains($"output:{left}", await node.FlowsAsync(), StringComparison.Ordinal);

        await node.SettleAsync([Samples.Physical(), Vf(4), Samples.Ovn()], [chain], "pf0vf4");
        var flows = await node.FlowsAsync();
        Assert.DoesNotContain("pf0vf3", await node.PortsAsync(), StringComparison.Ordinal);
        var now = await node.NumberAsync("pf0vf4");
        Assert.Equal(3, flows.Split('\n').Count(l => l.Contains("priority=20", StringComparison.Ordinal)));
        Assert.Equal(now == left, flows.Contains($"output:{left}", StringComparison.Ordinal));

        await node.SettleAsync([Samples.Physical(), Vf(4), Samples.Ovn()], [Guide], "pf0vf4");
        Assert.DoesNotContain($"output:{now}", await node.FlowsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F2_a_port_that_carries_anothers_mark_is_marked_anew()
    {
        await using var node = await Node.StartAsync();
        await node.Real.VsctlAsync("set", "interface", "p0", "external_ids:dpf-id=somebody/else", "external_ids:theirs=kept");
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        var ids = await node.Real.VsctlAsync("get", "interface", "p0", "external_ids");
        Assert.Contains("dpf-id=\"dpf-operator-system/p0-dpu1\"", ids, StringComparison.Ordinal);
        Assert.Contains("theirs=kept", ids, StringComparison.Ordinal);
        Assert.Contains("priority=20", await node.FlowsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F3_both_ends_of_the_way_to_OVN_go_with_its_interface_and_F4_an_uplink_that_the_flavor_made_stays()
    {
        await using var node = await Node.StartAsync();
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        Assert.Contains("puplinkbrovn", await node.Real.VsctlAsync("list-ports", "br-ovn"), StringComparison.Ordinal);
        await node.SettleAsync([], [], "p0");
        Assert.Equal("p0", await node.PortsAsync());
        Assert.Equal("", (await node.Real.VsctlAsync("list-ports", "br-ovn")).Trim());
    }

    [Fact]
    public async Task F5_a_port_of_that_name_which_is_something_else_is_in_the_way()
    {
        await using var node = await Node.StartAsync();
        await node.Real.VsctlAsync("add-port", "br-sfc", "puplinkbrsfc", "--", "set", "interface", "puplinkbrsfc", "type=dummy");
        await node.SeesAsync("puplinkbrsfc", isThere: true);
        var plan = await node.PassAsync([Samples.Physical(), Samples.Ovn()], [Guide]);
        Assert.Equal("port puplinkbrsfc of br-sfc is no patch: remove it, so that the one to puplinkbrovn can be made", plan.Interfaces[Key("ovn-dpu1")]);
        Assert.Contains("is no patch", plan.Chains[Key("c")], StringComparison.Ordinal);
        Assert.Empty(plan.Flows);

        await node.Real.VsctlAsync("del-port", "puplinkbrsfc");
        await node.SeesAsync("puplinkbrsfc", isThere: false);
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        Assert.Contains("priority=20", await node.FlowsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F6_a_port_that_failed_has_no_number()
    {
        await using var node = await Node.StartAsync();
        await node.Real.VsctlAsync("add-port", "br-sfc", "px", "--", "set", "interface", "px", "type=nosuch");
        Assert.Equal(-1, await node.NumberAsync("px"));
        await node.Ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.GetValueOrDefault("px")?.Error is { Length: > 0 }, Cancellation);
        var plan = await node.PassAsync([Samples.Physical("px"), Samples.Physical()], [Samples.Chain("c", [("uplink", "p0"), ("uplink", "px")])]);
        Assert.StartsWith("port px: ", plan.Interfaces[Key("px-dpu1")], StringComparison.Ordinal);
        Assert.Contains("port px: ", plan.Chains[Key("c")], StringComparison.Ordinal);
        Assert.Empty(plan.Flows);
    }

    [Fact]
    public void F7_while_a_pod_replaces_another_the_one_that_stays_counts()
    {
        var (old, young) = (Samples.Pod("hbn-old", "hbn"), Samples.Pod("hbn-new", "hbn"));
        old.Metadata.CreationTimestamp = new DateTime(2030, 1, 2, 0, 0, 0, DateTimeKind.Utc);
        young.Metadata.CreationTimestamp = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        old.Metadata.DeletionTimestamp = new DateTime(2030, 1, 3, 0, 0, 0, DateTimeKind.Utc);
        Assert.Equal(["1>7", "7>1"], Flows(old, young));
        old.Metadata.DeletionTimestamp = null;
        Assert.Equal(["1>6", "6>1"], Flows(young, old));
        old.Status.Phase = "Failed";
        Assert.Equal(["1>7", "7>1"], Flows(young, old));

        static IEnumerable<string> Flows(params V1Pod[] pods) => NodePlan.Of(
            [Samples.Physical(), Samples.OfService("hbn", "app_sf")],
            [Samples.Chain("c", [("uplink", "p0"), ("svc.dpu.nvidia.com/interface", "app_sf")])], pods,
            Samples.View(Samples.Port("p0", "br-sfc", 1), OfPod("hbn-old", 6), OfPod("hbn-new", 7))).Flows.Select(f => $"{f.From}>{f.To[0]}");

        static PortView OfPod(string pod, long number) => Samples.Port("sf-" + pod, "br-sfc", number) with
        {
            InterfaceIds = new Dictionary<string, string> { ["dpf-id"] = $"{Samples.Namespace}/{pod}/app_sf" },
        };
    }

    [Fact]
    public void F8_a_port_that_is_missing_holds_up_neither_its_switch_nor_the_others()
    {
        var view = Samples.View(Samples.Port("p0", "br-sfc", 1), Samples.Port("puplinkbrsfc", "br-sfc", 2), Samples.Port("p1", "br-sfc", 3));
        var chain = Samples.Chain("c", [("uplink", "p0"), ("port", "ovn"), ("no", "such")], [("uplink", "p1"), ("no", "such")]);
        var plan = NodePlan.Of([Samples.Physical(), Samples.Physical("p1"), Samples.Ovn()], [chain], [], view);
        Assert.Equal(["1>2", "2>1"], plan.Flows.Select(f => $"{f.From}>{string.Join('+', f.To)}"));
        Assert.Equal(2, plan.Chains[Key("c")].Split("0 interfaces").Length - 1);
    }

    [Fact]
    public async Task F9_what_has_not_changed_is_not_written_again_and_F17_a_switch_that_is_away_makes_the_agent_unready()
    {
        await using var cluster = await TestCluster.StartAsync("dpu-networking/charts/servicechainset-controller");
        await using var node = await Node.StartAsync();
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var machine = new LocalMachine();
        var context = new ComponentContext { Name = "sfc-controller", Machine = machine, Network = machine.Network, Loggers = NullLoggerFactory.Instance };
        var running = Task.Run(() => new SfcAgent(context, cluster.Client, cache, node.Ovs, "dpu1", NullLogger.Instance).RunAsync(stop.Token), stop.Token);
        await cluster.Client.CreateAsync(new V1Namespace { Metadata = new() { Name = Samples.Namespace } }, Cancellation);
        foreach (var value in (ServiceInterface[])[Samples.Physical(), Samples.Ovn()])
        {
            await cluster.Client.CreateAsync(value, Cancellation);
        }

        await cluster.Client.CreateAsync(Samples.Chain("c", [("uplink", "p0"), ("port", "ovn")]), Cancellation);
        await Eventually.SeeAsync(
            () => cluster.Client.GetAsync<ServiceChain>(Samples.Namespace, "c", Cancellation), c => AgentReport.Of(c!)?.Ready == true);
        var before = await VersionsAsync();
        for (var pass = 0; pass < 2; pass++)
        {
            // What a pass writes comes after its flows: the second one's flows come after all that the first one wrote.
            await OvsdbServer.RunAsync(Cancellation, "ovs-ofctl", "del-flows", "br-sfc");
            await node.Real.VsctlAsync("set", "interface", "p0", $"external_ids:passes={pass}");
            await Eventually.SeeAsync(node.FlowsAsync, flows => flows.Contains("priority=20", StringComparison.Ordinal));
        }

        Assert.Equal(before, await VersionsAsync());
        Assert.True(context.Vitals.Health.Readiness("switch")!.Passed);

        await node.Real.DisposeAsync();
        var told = await Eventually.SeeAsync(
            () => Task.FromResult(context.Vitals.Health.Readiness("switch")!), answer => !answer.Passed);
        Assert.Contains("switch's database", told.Text, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        async Task<string> VersionsAsync() => string.Join(' ',
            (await cluster.Client.ListAsync<ServiceInterface>(null, Cancellation)).Select(i => i.Metadata.ResourceVersion)
                .Concat((await cluster.Client.ListAsync<ServiceChain>(null, Cancellation)).Select(c => c.Metadata.ResourceVersion)));
    }

    [Fact]
    public void F10_an_interface_is_in_one_chain_the_same_one_each_time_and_the_other_is_told()
    {
        var view = Samples.View(Samples.Port("p0", "br-sfc", 1), Samples.Port("puplinkbrsfc", "br-sfc", 2));
        var other = Samples.Chain("d", [("port", "ovn"), ("uplink", "p0")]);
        foreach (var chains in (ServiceChain[][])[[Guide, other], [other, Guide]])
        {
            var plan = NodePlan.Of([Samples.Physical(), Samples.Ovn()], chains, [], view);
            Assert.All(plan.Flows, f => Assert.Equal(FlowCookie.Of(Samples.Namespace, "c"), f.Cookie));
            Assert.All(plan.ChainOf.Values, chain => Assert.Equal("c", chain));
            Assert.Empty(plan.Chains[Key("c")]);
            Assert.Contains("is a port of chain dpf-operator-system/c already", plan.Chains[Key("d")], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task F11_a_chain_that_went_while_nobody_looked_leaves_nothing_and_F12_F20_the_flows_of_others_stay_whatever_their_cookies()
    {
        await using var node = await Node.StartAsync();
        await node.Ovs.ChangeFlowsAsync("br-sfc", [.. ChainFlow.Of(FlowCookie.Of("default", "gone"), [1, 2]).Select(f => "add " + f.Write())], Cancellation);
        var cookie = FlowCookie.Of(Samples.Namespace, "c");
        await OvsdbServer.RunAsync(Cancellation, "ovs-ofctl", "add-flow", "br-sfc", "cookie=0,priority=5,in_port=7,actions=drop");
        await OvsdbServer.RunAsync(Cancellation, "ovs-ofctl", "add-flow", "br-sfc", $"cookie={cookie},priority=5,in_port=8,actions=drop");
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        var flows = await node.FlowsAsync();
        Assert.DoesNotContain($"cookie=0x{FlowCookie.Of("default", "gone"):x}", flows, StringComparison.Ordinal);
        Assert.Contains("in_port=7 actions=drop", flows, StringComparison.Ordinal);
        Assert.Contains("in_port=8 actions=drop", flows, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F15_flows_go_to_the_switch_without_a_file()
    {
        var machine = new FakeMachine();
        await using var ovs = new NodeSwitch(machine, TimeProvider.System, NullLogger.Instance);
        await ovs.ChangeFlowsAsync("br-sfc", ["add in_port=1,actions=drop"], Cancellation);
        Assert.Equal("add in_port=1,actions=drop\n", machine.Asked!.Input);
        Assert.Equal("-", machine.Asked.Arguments[^1]);
        Assert.Contains("--bundle", machine.Asked.Arguments);
    }

    [Fact]
    public async Task F16_an_agent_that_is_not_told_its_node_says_so()
    {
        var machine = new FakeMachine();
        var context = new ComponentContext { Name = "sfc-controller", Machine = machine, Network = machine.Network, Loggers = NullLoggerFactory.Instance };
        var told = await Assert.ThrowsAnyAsync<Exception>(() => new SfcComponent().RunAsync(context, Cancellation));
        Assert.Contains("SFC_NODE_NAME", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F18_a_port_that_has_another_number_gets_its_flows_again()
    {
        await using var node = await Node.StartAsync();
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        var before = await node.NumberAsync("p0");
        await node.Real.VsctlAsync("del-port", "p0");
        await node.Real.VsctlAsync("add-port", "br-sfc", "p0", "--", "set", "interface", "p0", "type=dummy", "ofport_request=77");
        await node.Ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.GetValueOrDefault("p0")?.Ofport == 77, Cancellation);
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        var flows = await node.FlowsAsync();
        Assert.Contains("output:77", flows, StringComparison.Ordinal);
        Assert.DoesNotContain($"output:{before}", flows, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F21_an_address_is_learned_for_its_VLAN_and_a_flood_of_addresses_ends_at_the_limit()
    {
        await using var node = await Node.StartAsync();
        await node.SettleAsync([Samples.Physical(), Samples.Ovn()], [Guide], "puplinkbrsfc");
        var uplink = await node.NumberAsync("p0");
        var ovn = await node.NumberAsync("puplinkbrsfc");
        await node.ReceiveAsync("p0", "02:00:00:00:00:01", 5);
        await node.ReceiveAsync("p0", "02:00:00:00:00:02", null);
        var flows = await node.FlowsAsync();
        Assert.Contains($"in_port={ovn},vlan_tci=0x0005/0x0fff,dl_dst=02:00:00:00:00:01 actions=output:{uplink}", flows, StringComparison.Ordinal);
        Assert.Contains($"in_port={ovn},vlan_tci=0x0000/0x0fff,dl_dst=02:00:00:00:00:02 actions=output:{uplink}", flows, StringComparison.Ordinal);

        foreach (var chunk in Enumerable.Range(0, ChainFlow.MostLearned + 200).Chunk(1000))
        {
            await node.ReceiveAsync("p0", [.. chunk.Select(i => string.Create(CultureInfo.InvariantCulture, $"06:00:00:00:{i >> 8:x2}:{i & 255:x2}"))]);
        }

        flows = await node.FlowsAsync();
        Assert.InRange(flows.Split('\n').Count(l => l.Contains("priority=30", StringComparison.Ordinal)), 1, ChainFlow.MostLearned);
    }

    [Fact]
    public void F21_flows_of_a_version_that_knew_no_limit_are_replaced()
    {
        var wanted = ChainFlow.Of(5, [1, 2]);
        var old = string.Join('\n', wanted.Select(f => " " + f.Write().Replace("limit=8192,", "", StringComparison.Ordinal).Replace(",actions=", " actions=", StringComparison.Ordinal)));
        Assert.Equal(2, ChainFlow.Changes(ChainFlow.Read(old), wanted).Count(c => c.StartsWith("add ", StringComparison.Ordinal)));
        var now = string.Join('\n', wanted.Select(f => " " + f.Write().Replace(",actions=", " actions=", StringComparison.Ordinal)));
        Assert.Empty(ChainFlow.Changes(ChainFlow.Read(now), wanted));
    }

    private static ServiceInterface Vf(int number)
    {
        var value = Samples.Ovn("vf");
        value.Metadata.Labels = new Dictionary<string, string> { ["vf"] = "a" };
        value.Spec = new() { InterfaceType = "vf", Node = "dpu1", Vf = new() { PfId = 0, VfId = number } };
        return value;
    }

    private static Dpf.Runtime.Clusters.NamespacedName Key(string name) => new(Samples.Namespace, name);

    /// <summary>A switch, and passes of the agent over it.</summary>
    private sealed class Node(DummySwitch real) : IAsyncDisposable
    {
        public DummySwitch Real => real;

        public NodeSwitch Ovs { get; } = new(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);

        public static async Task<Node> StartAsync()
        {
            var node = new Node(await DummySwitch.StartAsync(Cancellation));
            await node.Ovs.Client.WaitUntilSyncedAsync(Cancellation);
            return node;
        }

        /// <summary>One pass; what it planned.</summary>
        public async Task<NodePlan> PassAsync(ServiceInterface[] interfaces, ServiceChain[] chains)
        {
            await Ovs.ApplyAsync(NodePlan.Of(interfaces, chains, [], Ovs.View).Rows(Ovs.View), Cancellation);
            var plan = NodePlan.Of(interfaces, chains, [], Ovs.View);
            if (ChainFlow.Changes(ChainFlow.Read(await FlowsAsync()), plan.Flows) is { Count: > 0 } changes)
            {
                await Ovs.ChangeFlowsAsync("br-sfc", changes, Cancellation);
            }

            return plan;
        }

        /// <summary>Waits until what somebody else did to a port is seen here, too: a pass before that is about what was.</summary>
        public Task SeesAsync(string port, bool isThere) =>
            Ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.ContainsKey(port) == isThere, Cancellation);

        /// <summary>Passes until the port that is the last to come has its number.</summary>
        public async Task SettleAsync(ServiceInterface[] interfaces, ServiceChain[] chains, string last)
        {
            await PassAsync(interfaces, chains);
            await Ovs.Client.Replica.WaitForAsync(s => SwitchView.Of(s).Ports.GetValueOrDefault(last)?.Ofport > 0, Cancellation);
            await PassAsync(interfaces, chains);
        }

        public Task<string> FlowsAsync() => Ovs.DumpFlowsAsync("br-sfc", Cancellation);

        public async Task<string> PortsAsync() => (await real.VsctlAsync("list-ports", "br-sfc")).Trim();

        public async Task<long> NumberAsync(string port) =>
            long.Parse(await real.VsctlAsync("get", "interface", port, "ofport"), CultureInfo.InvariantCulture);

        public Task ReceiveAsync(string device, string mac, int? vlan) => SendAsync(device, [Frame(mac, vlan)]);

        public Task ReceiveAsync(string device, IReadOnlyList<string> macs) => SendAsync(device, macs.Select(mac => Frame(mac, null)));

        public async ValueTask DisposeAsync()
        {
            await Ovs.DisposeAsync();
            await real.DisposeAsync();
        }

        private static string Frame(string mac, int? vlan) => vlan is null
            ? $"in_port(1),eth(src={mac},dst=ff:ff:ff:ff:ff:ff),eth_type(0x1234)"
            : $"in_port(1),eth(src={mac},dst=ff:ff:ff:ff:ff:ff),eth_type(0x8100),vlan(vid={vlan},pcp=0),encap(eth_type(0x1234))";

        private Task SendAsync(string device, IEnumerable<string> frames) => OvsdbServer.RunAsync(
            Cancellation, ["ovs-appctl", "-t", real.Control, "netdev-dummy/receive", device, .. frames]);
    }
}
