using Dpf.Chaining.Agent;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.Agent;

/// <summary>Interfaces and chains of one node from their making to their end: what their agent says of them, and what its switch has.</summary>
[Collection(DummySwitch.OneAtATime)]
public sealed class AgentLifeTests
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Interfaces_and_chains_live_M2_and_say_how_they_are_A7_also_those_that_get_no_port_F13_of_this_node_alone()
    {
        await using var cluster = await TestCluster.StartAsync("dpu-networking/charts/servicechainset-controller");
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var machine = new LocalMachine();
        var context = new ComponentContext { Name = "sfc-controller", Machine = machine, Network = machine.Network, Loggers = NullLoggerFactory.Instance };
        var running = Task.Run(() => new SfcAgent(context, cluster.Client, cache, ovs, "dpu1", NullLogger.Instance).RunAsync(stop.Token), stop.Token);

        // A chain waits for its interfaces, and an interface for its device.
        await cluster.ApplyAsync(Chain("p0"));
        await SaysAsync("ServiceChain", "fabric", false, "0 interfaces in default match uplink=p0: exactly one has to");
        await cluster.ApplyAsync(Interface("uplink", "uplink: p0", "interfaceType: physical, physical: {interfaceName: p0}"));
        await cluster.ApplyAsync(Interface("ovn", "port: ovn", "interfaceType: ovn"));
        await cluster.ApplyAsync(Interface("elsewhere", "port: ovn", "interfaceType: ovn", "dpu2"));
        await cluster.ApplyAsync(Interface("tagged", "port: tagged", "interfaceType: vlan, vlan: {vlanID: 5, parentInterfaceRef: uplink}"));
        await SaysAsync("ServiceInterface", "uplink", true);
        await SaysAsync("ServiceInterface", "ovn", true);
        await SaysAsync("ServiceChain", "fabric", true);
        await SaysAsync("ServiceInterface", "tagged", false, "interfaces of type vlan get no port: use the parent interface in the chain");
        Assert.Equal("fabric", (string?)(await cluster.Client.HasAsync(Version, "ServiceInterface", "default", "uplink"))["metadata"]!["labels"]!["svc.dpu.nvidia.com/service-chain"]);
        Assert.Null((await cluster.Client.HasAsync(Version, "ServiceInterface", "default", "elsewhere"))["metadata"]!["annotations"]);

        // A change of either is reported on anew.
        await cluster.ApplyAsync(Chain("p1"));
        await SaysAsync("ServiceChain", "fabric", false, "0 interfaces in default match uplink=p1");
        await cluster.ApplyAsync(Interface("uplink", "uplink: p1", "interfaceType: physical, physical: {interfaceName: puplinkbrovn}"));
        await SaysAsync("ServiceInterface", "uplink", false, "port puplinkbrovn is on bridge br-ovn, not br-sfc");
        await SaysAsync("ServiceChain", "fabric", false, "default/uplink: port puplinkbrovn is on bridge br-ovn");
        await cluster.ApplyAsync(Interface("uplink", "uplink: p1", "interfaceType: physical, physical: {interfaceName: p0}"));
        await SaysAsync("ServiceChain", "fabric", true);
        Assert.Contains("priority=20", await ovs.DumpFlowsAsync("br-sfc", Cancellation), StringComparison.Ordinal);

        // What somebody takes away or changes comes back, without a change of any object.
        foreach (var harm in (string[])["delete cookie=0/0", "modify_strict priority=20,in_port=1,actions=drop"])
        {
            await ovs.ChangeFlowsAsync("br-sfc", [harm], Cancellation);
            await Eventually.SeeAsync(() => ovs.DumpFlowsAsync("br-sfc", Cancellation), flows => flows.Split("learn(").Length == 3);
        }

        // They go at once, and nothing of them stays; what somebody else made does.
        await cluster.Client.DeleteAsync(Version, "ServiceChain", "default", "fabric", Cancellation);
        await cluster.Client.DeleteAsync(Version, "ServiceInterface", "default", "ovn", Cancellation);
        Assert.Null(await cluster.Client.GetAsync(Version, "ServiceChain", "default", "fabric", Cancellation));
        await Eventually.SeeAsync(() => real.VsctlAsync("list-ports", "br-sfc"), ports => ports.Trim() == "p0");
        await Eventually.SeeAsync(() => ovs.DumpFlowsAsync("br-sfc", Cancellation), flows => !flows.Contains("priority=20", StringComparison.Ordinal));
        await cluster.Client.HasAsync(
            Version, "ServiceInterface", "default", "uplink", i => i["metadata"]!["labels"]!["svc.dpu.nvidia.com/service-chain"] is null);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Task SaysAsync(string kind, string name, bool isReady, string message = "") => cluster.Client.HasAsync(Version, kind, "default", name, v =>
            AgentReport.Parse((string?)v["metadata"]!["annotations"]?["svc.dpu.nvidia.com/report"]) is { } report && report.Ready == isReady &&
            report.Generation == (long)v["metadata"]!["generation"]! && report.Message.Contains(message, StringComparison.Ordinal));
    }

    private static string Interface(string name, string labels, string spec, string node = "dpu1") => $$"""
        apiVersion: {{Version}}
        kind: ServiceInterface
        metadata: {name: {{name}}, namespace: default, labels: { {{labels}} } }
        spec: {node: {{node}}, {{spec}} }
        """;

    private static string Chain(string uplink) => $$"""
        apiVersion: {{Version}}
        kind: ServiceChain
        metadata: {name: fabric, namespace: default}
        spec: {node: dpu1, switches: [{ports: [{serviceInterface: {matchLabels: {uplink: {{uplink}} } } }, {serviceInterface: {matchLabels: {port: ovn} } }]}]}
        """;
}
