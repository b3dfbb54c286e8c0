using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>DPUs that failed, and go on: because a user says so, or by themselves as often as a user allowed.</summary>
public sealed class DpuRetryTests
{
    private static readonly DateTimeOffset LongAgo = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 0, null, false)]
    [InlineData(3, 0, 10, false)]
    [InlineData(3, 1, 20, true)]
    [InlineData(3, 2, 40, true)]
    [InlineData(3, 3, null, false)]
    [InlineData(99, 9, 240, true)]
    [InlineData(99, 10, null, false)]
    public void PausesDoubleAndFromTheSecondTimeOnTheCardIsInstalledAnew(int budget, int done, int? minutes, bool isReinstall)
    {
        var next = AutomaticRetry.Next(budget, done, LongAgo);
        Assert.Equal(minutes, (next?.At - LongAgo)?.TotalMinutes);
        Assert.Equal(isReinstall, next?.IsReinstall == true);
    }

    [Fact]
    public async Task AFailedDpuIsTriedAgainByItselfAsOftenAsItMayBe()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        const string worse = "worse-0000-03-00", spent = "spent-0000-03-00", fresh = "fresh-0000-03-00";
        foreach (var host in (string[])["worse", "spent", "fresh"])
        {
            await world.AddHostAsync(host);
        }

        await world.AddImageAndFlavorAsync();
        await world.AddDpuAsync("worse", DpuPhases.ClusterConfig, annotations: $"{ProvisioningLabels.AutomaticRetries}: \"2\"");
        await world.AddDpuAsync("fresh", DpuPhases.ClusterConfig, annotations: $"{ProvisioningLabels.AutomaticRetries}: \"2\"");
        await world.AddDpuAsync(
            "spent", DpuPhases.ClusterConfig, annotations: $"{ProvisioningLabels.AutomaticRetries}: \"1\", {ProvisioningLabels.AutomaticRetriesDone}: \"1\"");
        await world.AddJoinTokenAsync(worse, TimeProvider.System.GetUtcNow().AddHours(1));
        await FailAsync(world, worse, LongAgo);
        await FailAsync(world, spent, LongAgo);
        world.StartController();

        // The step that failed is begun anew, with all its time; meanwhile one that has just failed says when it will be.
        await world.SaysAsync(worse, "Ready", "DPUNodeNotFound");
        Assert.Equal(0, world.Dms.CountOf("Activate"));
        var announced = await world.SaysAsync(fresh, "Ready", "DPUNodeJoinTimedout", "; tried again by itself at 20");
        Assert.EndsWith(" (1 of 2)", announced.Status!.Conditions.Find("Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal((DpuPhases.Error, "True"), (announced.Status.Phase, announced.Status.Conditions.Find("Stalled")!.Status));

        // It fails again: the card is installed anew, and what was known of the system before is not of this one.
        world.Dms.IsHeld = true;
        await FailAsync(world, worse, LongAgo);
        var again = await world.SaysAsync(worse, "OSInstalled", "Installing");
        Assert.Null(again.Status!.Conditions.Find("Rebooted"));
        Assert.Equal("2", again.Metadata.Annotations[ProvisioningLabels.AutomaticRetriesDone]);
        world.Dms.IsHeld = false;
        await world.PhaseAsync(worse, DpuPhases.ClusterConfig);
        await world.JoinAsync(worse);
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, worse, d => d.Status?.Conditions.IsTrue("Ready") == true && !d.Metadata.Annotations.ContainsKey(ProvisioningLabels.AutomaticRetriesDone));
        Assert.Equal(1, world.Dms.CountOf("Activate"));

        // One whose tries are used up waits for a user, who may have it installed anew as well.
        Assert.Equal(DpuPhases.Error, (await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, spent)).Status!.Phase);
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, spent,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Retry] = ProvisioningLabels.Reinstall } } }, Cancellation);
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, spent, d => d.Status?.Phase == DpuPhases.ClusterConfig && !d.Metadata.Annotations.ContainsKey(ProvisioningLabels.Retry));
        Assert.Equal(2, world.Dms.CountOf("Activate"));
    }

    [Fact]
    public async Task TheTokenOfADpuThatFailedAfterItsInstallationIsKeptAliveAndWithoutOneItIsInstalledAnew()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        const string kept = "kept-0000-03-00", lost = "lost-0000-03-00";
        await world.AddHostAsync("kept");
        await world.AddHostAsync("lost");
        await world.AddImageAndFlavorAsync();
        foreach (var host in (string[])["kept", "lost"])
        {
            await world.AddDpuAsync(host, DpuPhases.ClusterConfig);
            await FailAsync(world, $"{host}-0000-03-00", LongAgo);
        }

        var soon = TimeProvider.System.GetUtcNow().AddMinutes(2);
        await world.AddJoinTokenAsync(kept, soon);
        world.StartController();
        await world.DpuAdmin.HasAsync<V1Secret>(
            "kube-system", "bootstrap-token-abcdef",
            s => DateTimeOffset.Parse(Encoding.UTF8.GetString(s.Data["expiration"]), CultureInfo.InvariantCulture) > soon.AddHours(1));

        await RetryAsync(kept);
        await world.SaysAsync(kept, "Ready", "DPUNodeNotFound");
        Assert.Equal(0, world.Dms.CountOf("Activate"));
        await RetryAsync(lost);
        await world.SaysAsync(lost, "Ready", "DPUNodeNotFound");
        Assert.Equal(1, world.Dms.CountOf("Activate"));
        Assert.Contains(
            await world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation),
            e => e.Reason == "Retrying" && e.Message.StartsWith("goes on with OS Installing: its token to join DPUCluster dpu-cplane-tenant1/tenant1 is gone", StringComparison.Ordinal));

        Task RetryAsync(string dpu) => world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, dpu,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Retry] = "true" } } }, Cancellation);
    }

    /// <summary>The DPU's last step failed, as far as its status says, at a time.</summary>
    private static async Task FailAsync(ProvisioningWorld world, string name, DateTimeOffset at)
    {
        var dpu = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, name);
        IList<V1Condition> conditions = [.. dpu.Status!.Conditions!.Where(c => c.Type != "Stalled")];
        conditions.SetFalse("Ready", "DPUNodeJoinTimedout", "not done in 30 minutes", 1, at);
        conditions.Set("Stalled", true, "DPUNodeJoinTimedout", "not done in 30 minutes", 1, at);
        await world.Admin.PatchStatusAsync<Dpu>(
            ProvisioningWorld.Namespace, name,
            new JsonObject { ["status"] = new JsonObject { ["phase"] = DpuPhases.Error, ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(conditions)) } }, Cancellation);
    }
}
