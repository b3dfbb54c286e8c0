using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Dpu;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Switch = Dpf.Ovn.Node.OpenVSwitch;

namespace Dpf.Ovn.Tests.Node;

/// <summary>The ports of a node's pods in the database of its DPU's switch.</summary>
public sealed class PodWiringTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pod_that_cannot_be_told_its_error_keeps_no_other_from_its_port()
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24", "good");
        await using var database = await world.StartSwitchAsync();
        world.Machine.Write("/sys/class/net/pf0vf4/phys_switch_id", "0a0b");
        world.Machine.Write("/sys/class/net/pf0vf4/phys_port_name", "pf0vf4");
        await world.AddPodAsync("bad", Annotations("10.233.65.9/24", "3"));
        await world.AddPodAsync("good", Annotations("10.233.64.4/24", "4"));
        await using var ovs = new Switch(world.Machine, TimeProvider.System, NullLogger.Instance);
        await ovs.Client.WaitUntilSyncedAsync(Cancellation);
        await world.Node.Cache.WaitForSyncAsync(Cancellation);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = new PodWiring(world.Node, ovs).RunAsync(stop.Token);
        await Eventually.SeeAsync(() => ovs.Now.Named<Interface>("pf0vf4")?.ExternalIds.GetValueOrDefault("iface-id") == "default_good");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static (string Key, string Value)[] Annotations(string address, string vf) =>
    [
        (PodNetwork.Annotation, PodNetwork.Of([Cidr.Parse(address)], Sample.Network).Write()),
        (ConnectionDetails.Annotation, new ConnectionDetails("0", vf, "sandbox" + vf, null).Write()),
    ];
}
