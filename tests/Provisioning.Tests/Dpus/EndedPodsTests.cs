using System.Text.Json.Nodes;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>Pods on a host that have ended, by an eviction or with their host: nobody but us makes them anew.</summary>
public sealed class EndedPodsTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheEndedPodsOfAReadyDpuAreMadeAnew()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddReadyDpuAsync("worker1");
        world.StartController();
        var dms = await EndAsync(world, Dpu + "-dms", "Failed");
        var network = await EndAsync(world, Dpu + "-hostnetwork", "Succeeded");
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms", p => p.Metadata.Uid != dms && HostPods.IsReady(p));
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-hostnetwork", p => p.Metadata.Uid != network && HostPods.IsReady(p));
    }

    [Theory]
    [InlineData(DpuPhases.OsInstalling, DpuConditions.OsInstalled)]
    [InlineData(DpuPhases.Rebooting, DpuConditions.Rebooted)]
    public async Task APodOfDmsThatHasEndedHoldsADpuUpOnlyForAMoment(string phase, string condition)
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        host.DmsStatus = """{"phase":"Failed","reason":"Evicted","message":"the node was low on resource"}""";
        await world.AddImageAndFlavorAsync();
        await world.AddDpuAsync("worker1", phase);
        world.StartController();
        await world.SaysAsync(Dpu, condition, "DMSPodPending");
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms", p => p.Status?.Phase == "Failed");
        host.DmsStatus = null;
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Single(host.Commands, c => c.EndsWith(" host", StringComparison.Ordinal));
    }

    /// <summary>Ends a pod that runs; its uid.</summary>
    private static async Task<string> EndAsync(ProvisioningWorld world, string name, string phase)
    {
        var pod = await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, name, HostPods.IsReady);
        await world.Admin.PatchStatusAsync<V1Pod>(
            ProvisioningWorld.Namespace, name,
            new JsonObject { ["status"] = new JsonObject { ["phase"] = phase, ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "False" }) } },
            Cancellation);
        return pod.Metadata.Uid;
    }
}
