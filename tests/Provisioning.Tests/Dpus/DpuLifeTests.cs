using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using Dpf.Testing;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>Whole lives of DPUs, against API servers and a DMS on a socket.</summary>
public sealed class DpuLifeTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADpuOfASetGoesAllTheWayAndBack()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "nodeEffect: {taint: {key: dpu, value: provisioning, effect: NoSchedule} }");
        world.Dms.IsHeld = true;
        await using var sets = await ConditionHistory<DpuSet>.FollowAsync(world.Admin, s => s.Status);
        await using var dpus = await ConditionHistory<Dpu>.FollowAsync(world.Admin, d => d.Status);
        world.StartController();

        await world.PhaseAsync(Dpu, DpuPhases.OsInstalling);
        await world.SaysAsync(Dpu, "OSInstalled", "Installing");
        await Eventually.SeeAsync(() => world.Dms.CountOf("Activate") == 1);
        Assert.Contains((await world.Admin.GetAsync<V1Node>(null, "worker1", Cancellation))!.Spec.Taints, t => t is { Key: "dpu", Value: "provisioning" });
        var configuration = world.Dms.Configuration(Dpu);
        var secrets = await world.DpuAdmin.ListAsync<V1Secret>("kube-system", Cancellation);
        var token = Assert.Single(secrets, s => s.Type == "bootstrap.kubernetes.io/token");
        var secret = System.Text.Encoding.UTF8.GetString(token.Data["token-secret"]);
        Assert.Contains($".{secret} --discovery-token-ca-cert-hash sha256:", configuration, StringComparison.Ordinal);

        world.Dms.IsHeld = false;
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Equal(
            [$"{Dpu}-dms: bf-slr.sh 03:00 reset arm", $"{Dpu}-dms: bf-slr.sh 03:00 reset host"], host.Commands);
        Assert.Equal(
            ["Set nvidia/mode/config/mode=DPU", $"Install dpf-operator-system-bf-bundle.bfb", $"Install {Dpu}.cfg", $"Activate dpf-operator-system-bf-bundle.bfb;{Dpu}.cfg"],
            world.Dms.Calls);

        await world.JoinAsync(Dpu);
        var ready = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.IsTrue("Ready") == true);
        Assert.All(PhaseTable.Way, row => Assert.True(ready.Status!.Conditions.IsTrue(row.Condition), row.Condition));
        Assert.Equal("0000-03-00", ready.Status!.PciDevice);
        Assert.Equal("bf-bundle-1.2.3", ready.Status.BfbVersion);
        var node = await world.DpuAdmin.HasAsync<V1Node>(null, Dpu);
        Assert.Equal("worker1", node.Metadata.Labels["provisioning.dpu.nvidia.com/host"]);
        Assert.DoesNotContain(await world.DpuAdmin.ListAsync<V1Secret>("kube-system", Cancellation), s => s.Type == "bootstrap.kubernetes.io/token");
        await world.Admin.HasAsync<V1Node>(null, "worker1", n => n.Spec.Taints is null or { Count: 0 });

        // Nobody but the DPU and its cluster has seen the token.
        Assert.DoesNotContain(world.Log, line => line.Contains(secret, StringComparison.Ordinal));
        Assert.DoesNotContain(
            await world.Admin.ListAsync<Corev1Event>(null, Cancellation), e => KubernetesJson.Serialize(e).Contains(secret, StringComparison.Ordinal));

        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation);
        await world.Admin.LosesAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset");
        Assert.Equal(["Pending", "Success"], sets.Reasons("dpuset", "DPUsReady"));
        Assert.Equal(["Success", "AwaitingDeletion"], sets.Reasons("dpuset", "DPUsReconciled"));

        // Nobody who looks at it on its way out takes it for one that works.
        Assert.Equal("Deleting", dpus.Reasons(Dpu, "Ready")[^1]);
        Assert.Null(await world.Admin.GetAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, Cancellation));
        Assert.Null(await world.DpuAdmin.GetAsync<V1Node>(null, Dpu, Cancellation));
        Assert.Empty(await world.Admin.ListAsync<V1Pod>(ProvisioningWorld.Namespace, Cancellation));
    }

    [Fact]
    public async Task ANodeThatTheSystemBeforeLeftDoesNotPassForTheNewOne()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        await world.JoinAsync(Dpu);
        var before = (await world.DpuAdmin.GetAsync<V1Node>(null, Dpu, Cancellation))!.Metadata.Uid;
        world.StartController();

        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("Ready")?.Reason == "DPUNodeNotFound");
        Assert.Null(await world.DpuAdmin.GetAsync<V1Node>(null, Dpu, Cancellation));

        await world.JoinAsync(Dpu);
        await world.PhaseAsync(Dpu, DpuPhases.Ready);
        Assert.NotEqual(before, (await world.DpuAdmin.GetAsync<V1Node>(null, Dpu, Cancellation))!.Metadata.Uid);
    }
}
