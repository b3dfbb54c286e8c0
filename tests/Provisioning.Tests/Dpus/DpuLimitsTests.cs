using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What a DPU says that has been in a phase for longer than that may take.</summary>
public sealed class DpuLimitsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatTakesTooLongFailsAndWhatWaitsForOthersIsCalledStalled()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("drained");
        await world.AddHostAsync("waiting");
        await world.AddHostAsync("joining");
        (await world.AddHostAsync("network")).HasNetwork = false;
        await world.AddImageAndFlavorAsync();
        await world.AddDpuAsync("drained", DpuPhases.NodeEffect, effect: "drain: {automaticNodeReboot: true}");
        await world.AddDpuAsync("waiting", DpuPhases.Pending, image: "nothing");
        await world.AddDpuAsync("joining", DpuPhases.ClusterConfig);
        await world.AddDpuAsync("network", DpuPhases.HostNetworkConfiguration, annotations: $"{ProvisioningLabels.PhaseAttempts}: Host Network Configuration=1");
        world.StartController();
        await FailsAsync("drained", "NodeEffectReady", "NodeEffectTimedout", "not done in 60 minutes: Draining: node drained: ");
        await FailsAsync("network", "HostNetworkReady", "InitializationFailed", "not done in 30 minutes: Initializing: ");
        await FailsAsync("joining", "Ready", "DPUNodeJoinTimedout", "not done in 30 minutes: DPUNodeNotFound: node joining-0000-03-00 has not joined");
        var waiting = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "waiting-0000-03-00", d => d.Status?.Conditions.Find("Stalled") is { Status: "True", Reason: "GetBFBFailed" });
        Assert.Equal(DpuPhases.Pending, waiting.Status!.Phase);

        // Who asks for another try gets all the time again, and what was waited for ends the stall by itself.
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, "joining-0000-03-00",
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Retry] = "true" } } }, Cancellation);
        await world.PhaseAsync("joining-0000-03-00", DpuPhases.ClusterConfig);
        await world.JoinAsync("joining-0000-03-00");
        await ReadyAsync("joining-0000-03-00");
        await world.AddImageAndFlavorAsync("nothing");
        await world.PhaseAsync("waiting-0000-03-00", DpuPhases.ClusterConfig);
        await world.JoinAsync("waiting-0000-03-00");
        await ReadyAsync("waiting-0000-03-00");

        async Task FailsAsync(string host, string condition, string reason, string message)
        {
            var dpu = await world.SaysAsync($"{host}-0000-03-00", condition, reason, message);
            Assert.Equal((DpuPhases.Error, reason), (dpu.Status!.Phase, dpu.Status.Conditions.Find("Stalled")?.Reason));
        }

        Task ReadyAsync(string dpu) => world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, dpu, d => d.Status?.Conditions.IsTrue("Ready") == true && d.Status.Conditions.Find("Stalled") is { Status: "False", Reason: "Progressing" });
    }
}
