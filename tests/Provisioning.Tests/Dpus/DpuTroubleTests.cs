using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What goes wrong on the way, and how it goes on.</summary>
public sealed class DpuTroubleTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnInstallationSurvivesItsControllerAndIsNotDoneTwice()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.Dms.IsHeld = true;
        world.StartController();
        await Eventually.SeeAsync(() => world.Dms.CountOf("Activate") == 1);

        await world.StopControllerAsync();
        world.StartController();
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("OSInstalled")?.Message.Contains("boot", StringComparison.Ordinal) == true);
        world.Dms.IsHeld = false;
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Equal(1, world.Dms.CountOf("Activate"));
        Assert.Equal(2, world.Dms.CountOf("Install"));
    }

    [Fact]
    public async Task AControllerThatIsStartedAnewInEveryPhaseDoesNothingTwice()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "nodeEffect: {taint: {key: dpu, value: provisioning, effect: NoSchedule} }");
        world.StartController();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!seen.Contains(DpuPhases.ClusterConfig))
        {
            var dpu = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Phase is { Length: > 0 } phase && !seen.Contains(phase));
            seen.Add(dpu.Status!.Phase);
            await world.StopControllerAsync();
            world.StartController();
        }

        await world.JoinAsync(Dpu);
        await world.PhaseAsync(Dpu, DpuPhases.Ready);
        Assert.Equal(1, world.Dms.CountOf("Activate"));
        Assert.Single(host.Commands, c => c.EndsWith(" host", StringComparison.Ordinal));
        await world.Admin.HasAsync<V1Node>(null, "worker1", n => n.Spec.Taints is null or { Count: 0 });
    }

    [Fact]
    public async Task ADpuIsDeletedInTheMiddleOfItsInstallation()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "nodeEffect: {customLabel: {busy: with-dpu} }");
        world.Dms.IsHeld = true;
        world.StartController();
        await Eventually.SeeAsync(() => world.Dms.CountOf("Activate") == 1);
        Assert.Equal("with-dpu", (await world.Admin.GetAsync<V1Node>(null, "worker1", Cancellation))!.Metadata.Labels["busy"]);
        await File.WriteAllTextAsync(Path.Combine(world.BfbFolder, Dpu + ".cfg"), "as DMS writes it", Cancellation);

        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, Dpu);
        Assert.False(File.Exists(Path.Combine(world.BfbFolder, Dpu + ".cfg")));
        Assert.False((await world.Admin.GetAsync<V1Node>(null, "worker1", Cancellation))!.Metadata.Labels.ContainsKey("busy"));
        Assert.Empty(await world.Admin.ListAsync("cert-manager.io/v1", "Certificate", ProvisioningWorld.Namespace, Cancellation));
        Assert.DoesNotContain(await world.DpuAdmin.ListAsync<V1Secret>("kube-system", Cancellation), s => s.Type == "bootstrap.kubernetes.io/token");
    }

    [Fact]
    public async Task AnInstallationThatFailsIsTriedAFewTimesAndThenWhenAUserAsks()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        foreach (var failure in (string[])["first", "second", "third"])
        {
            world.Dms.Failures.Enqueue(failure);
        }

        world.StartController();
        var failed = await world.PhaseAsync(Dpu, DpuPhases.Error);
        Assert.Equal(3, world.Dms.CountOf("Activate"));
        var condition = failed.Status!.Conditions.Find("OSInstalled")!;
        Assert.Equal("InstallationFailed", condition.Reason);
        Assert.Contains("third (attempt 3 of 3", condition.Message, StringComparison.Ordinal);
        foreach (var failure in (string[])["first", "second", "third"])
        {
            // An event follows the status that it tells of.
            await Eventually.SeeAsync(
                async () => (await world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation)).Select(e => (e.Type, e.Message)).ToList(),
                events => events.Exists(e => e.Type == "Warning" && e.Message.Contains(failure, StringComparison.Ordinal)));
        }

        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Retry] = "true" } } }, Cancellation);
        var dpu = await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Equal(4, world.Dms.CountOf("Activate"));
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => !d.Metadata.Annotations.ContainsKey(ProvisioningLabels.Retry));
        Assert.True(dpu.Status!.Conditions.IsTrue("OSInstalled"));
    }

    [Fact]
    public async Task APodOfDmsThatDoesNotComeUpIsGivenUp()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        host.RunsPods = false;
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.StartController("--dms-pod-timeout=2s");
        var failed = await world.PhaseAsync(Dpu, DpuPhases.Error);
        Assert.Equal("DMSPodTimedout", failed.Status!.Conditions.Find("DMSRunning")!.Reason);
        Assert.Equal("DMSPodTimedout", failed.Status.Conditions.Find("Ready")!.Reason);
    }

    [Fact]
    public async Task ADpuSaysWhatIsWrongWithItsImage()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddSetAsync();
        world.StartController();
        await world.SaysAsync(Dpu, "Initialized", "DPUFlavorNotFound", "DPUFlavor dpf-operator-system/flavor does not exist; create it");
        await world.AddFlavorAsync();
        await world.SaysAsync(Dpu, "BFBReady", "GetBFBFailed", "BFB dpf-operator-system/bf-bundle does not exist; create it");

        // What is wrong with the image is said by every DPU that waits for it.
        world.Web.Refusals.Enqueue(404);
        await world.AddImageAndFlavorAsync();
        await world.SaysAsync(Dpu, "BFBReady", "BFBFailed", "BFB dpf-operator-system/bf-bundle is not ready: HTTP404: http://");
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle");
        await world.AddImageAndFlavorAsync();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
    }

    [Fact]
    public async Task AReadyDpuFollowsItsNode()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.StartController();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        await world.JoinAsync(Dpu, isReady: false);
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu,
            d => d.Status?.Conditions.Find("Ready") is { Reason: "DPUNodeNotReady" } c && c.Message.Contains("no network yet", StringComparison.Ordinal));
        await world.JoinAsync(Dpu);
        await world.PhaseAsync(Dpu, DpuPhases.Ready);

        await world.JoinAsync(Dpu, isReady: false);
        var dpu = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("Ready")?.Status == "False");
        Assert.Equal(DpuPhases.Ready, dpu.Status!.Phase);
        await world.JoinAsync(Dpu);
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.IsTrue("Ready") == true);
        await world.Admin.DeleteAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-hostnetwork", Cancellation);
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-hostnetwork", p => p.Metadata.DeletionTimestamp is null && HostPods.IsReady(p));
    }

    [Fact]
    public async Task AReadyDpuSaysThatItsClusterOrItsNodeIsGone()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddReadyDpuAsync("worker1");
        var secret = (await world.Admin.GetAsync<V1Secret>("dpu-cplane-tenant1", "tenant1-admin-kubeconfig", Cancellation))!;
        await world.Admin.DeleteAsync<V1Secret>("dpu-cplane-tenant1", "tenant1-admin-kubeconfig", Cancellation);
        world.StartController();
        var dpu = await world.SaysAsync(Dpu, "Ready", "DPUClusterClientGetError", "Secret dpu-cplane-tenant1/tenant1-admin-kubeconfig with the kubeconfig of DPUCluster tenant1 does not exist");
        Assert.Equal(DpuPhases.Ready, dpu.Status!.Phase);

        secret.Metadata.ResourceVersion = null;
        await world.Admin.CreateAsync(secret, Cancellation);
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["look"] = "again" } } }, Cancellation);
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("Ready") is { Status: "True", Reason: "DPUNodeReady" });
        await world.DpuAdmin.DeleteAsync<V1Node>(null, Dpu, Cancellation);
        await world.SaysAsync(Dpu, "Ready", "DPUNodeGetError", "is gone from DPUCluster dpu-cplane-tenant1/tenant1");
    }
}
