using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>A DPU may be deleted at any moment, and leaves nothing behind.</summary>
public sealed class DpuDeletionTests
{
    private const string Taint = "taint: {key: dpu, value: provisioning, effect: NoSchedule}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADpuIsDeletedInEveryPhase()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddImageAndFlavorAsync();
        world.StartController();
        var hosts = new Dictionary<string, FakeHost>(StringComparer.Ordinal);
        foreach (var name in (string[])["initializing", "drained", "pending", "starting", "rebooting", "network", "joining", "ready", "failed", "installing"])
        {
            hosts[name] = await world.AddHostAsync(name);
        }

        await world.Admin.PatchAsync<V1Node>(
            null, "initializing", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [ProvisioningLabels.OobBridgeConfigured] = null } } }, Cancellation);
        (hosts["starting"].RunsPods, hosts["network"].HasNetwork) = (false, false);
        await AddAsync(world, "initializing", DpuPhases.Initializing);
        await AddAsync(world, "drained", DpuPhases.NodeEffect, effect: "drain: {automaticNodeReboot: true}");
        await AddAsync(world, "pending", DpuPhases.Pending, image: "nothing");
        await AddAsync(world, "starting", DpuPhases.DmsDeployment);
        await AddAsync(world, "network", DpuPhases.HostNetworkConfiguration);
        await AddAsync(world, "joining", DpuPhases.ClusterConfig);
        await AddAsync(world, "ready", DpuPhases.ClusterConfig);
        await world.JoinAsync("ready");
        await world.PhaseAsync("ready", DpuPhases.Ready);
        await AddAsync(world, "rebooting", DpuPhases.Rebooting, more: "automaticNodeReboot: false");
        for (var i = 0; i < 3; i++)
        {
            world.Dms.Failures.Enqueue("no");
        }

        await AddAsync(world, "failed", DpuPhases.Error);
        world.Dms.IsHeld = true;
        await AddAsync(world, "installing", DpuPhases.OsInstalling);

        foreach (var name in hosts.Keys)
        {
            await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, name, Cancellation);
        }

        foreach (var name in hosts.Keys)
        {
            await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, name);
        }

        Assert.Empty(await world.Admin.ListAsync<V1Pod>(ProvisioningWorld.Namespace, Cancellation));
        Assert.Empty(await world.Admin.ListAsync("cert-manager.io/v1", "Certificate", ProvisioningWorld.Namespace, Cancellation));
        Assert.Empty(await world.Admin.ListAsync<NodeMaintenance>(ProvisioningWorld.Namespace, Cancellation));
        Assert.Empty(await world.DpuAdmin.ListAsync<V1Node>(null, Cancellation));
        Assert.DoesNotContain(await world.DpuAdmin.ListAsync<V1Secret>("kube-system", Cancellation), s => s.Type == "bootstrap.kubernetes.io/token");
        Assert.All(await world.Admin.ListAsync<V1Node>(null, Cancellation), n =>
        {
            Assert.True(n.Spec?.Taints is null or { Count: 0 }, n.Metadata.Name);
            Assert.False(n.Metadata.Annotations?.ContainsKey(ProvisioningLabels.NodeEffectUndo) == true, n.Metadata.Name);
        });
        Assert.Equal(["dpf-operator-system-bf-bundle.bfb"], Directory.GetFiles(world.BfbFolder).Select(f => Path.GetFileName(f)!));
    }

    /// <summary>A DPU on the host of the same name, held where it is to be deleted.</summary>
    private static async Task AddAsync(ProvisioningWorld world, string name, string phase, string image = "bf-bundle", string effect = Taint, string more = "")
    {
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: {{name}}, namespace: {{ProvisioningWorld.Namespace}}}
            spec:
              nodeName: {{name}}
              bfb: {{image}}
              dpuFlavor: flavor
              nodeEffect: { {{effect}} }
              {{more}}
            """);
        await world.PhaseAsync(name, phase);
    }
}
