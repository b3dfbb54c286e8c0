using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What a DPU says that has been in a phase for longer than that may take.</summary>
public sealed class DpuLimitsTests
{
    private const string Drain = "drain: {automaticNodeReboot: true}";

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
        await world.AddHostAsync("queued");
        await world.AddDpuAsync("drained", DpuPhases.NodeEffect, effect: Drain, annotations: $"{ProvisioningLabels.DrainBeganAt}: \"2025-01-01T00:00:00Z\"");
        await world.AddDpuAsync("queued", DpuPhases.NodeEffect, effect: Drain);
        await AddMaintenanceAsync(world, "drained", "Draining");
        await AddMaintenanceAsync(world, "queued", "Pending");
        await world.AddDpuAsync("waiting", DpuPhases.Pending, image: "nothing");
        await world.AddDpuAsync("joining", DpuPhases.ClusterConfig);
        await world.AddDpuAsync("network", DpuPhases.HostNetworkConfiguration, annotations: $"{ProvisioningLabels.PhaseAttempts}: Host Network Configuration=1");
        await world.AddJoinTokenAsync("joining-0000-03-00", TimeProvider.System.GetUtcNow().AddHours(1));
        world.StartController();
        await FailsAsync("drained", "NodeEffectReady", "NodeEffectTimedout", "not done in 60 minutes: Draining: node drained: Draining");
        await FailsAsync("network", "HostNetworkReady", "InitializationFailed", "not done in 30 minutes: Initializing: ");
        await FailsAsync("joining", "Ready", "DPUNodeJoinTimedout", "not done in 30 minutes: DPUNodeNotFound: node joining-0000-03-00 has not joined");
        var waiting = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "waiting-0000-03-00", d => d.Status?.Conditions.Find("Stalled") is { Status: "True", Reason: "GetBFBFailed" });
        Assert.Equal(DpuPhases.Pending, waiting.Status!.Phase);

        // A drain that has not begun has not failed, and its own hour begins with it; one that has failed leaves its turn to others.
        var queued = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "queued-0000-03-00", d => d.Status?.Conditions.Find("Stalled") is { Status: "True", Reason: "Draining" });
        Assert.Equal(DpuPhases.NodeEffect, queued.Status!.Phase);
        await world.Admin.LosesAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "drained");
        await AddMaintenanceAsync(world, "queued", "Draining");
        queued = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "queued-0000-03-00", d => d.Status?.Conditions.Find("Stalled") is { Status: "False", Reason: "Progressing" });
        Assert.Equal(DpuPhases.NodeEffect, queued.Status!.Phase);
        Assert.Contains(ProvisioningLabels.DrainBeganAt, queued.Metadata.Annotations);

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

    [Fact]
    public async Task WhatIsNoAttemptAndTakesTooLongIsCalledStalledButNotWhatIsAUsersTurnOrUnderWay()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var board = await world.AddHostAsync("board");
        await world.AddHostAsync("odd");
        await world.AddHostAsync("manual");
        board.DmsStatus = """
            {"phase":"Pending","initContainerStatuses":[{"name":"rshim-preflight","ready":false,"restartCount":1,"image":"","imageID":"",
             "state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"message":"the host has its own rshim: remove it"}}}]}
            """;
        await world.AddImageAndFlavorAsync();
        await world.Admin.PatchAsync<V1Node>(
            null, "odd", new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.RebootCommand] = "explode" } } }, Cancellation);
        await world.AddDpuAsync("board", DpuPhases.OsInstalling);
        await world.AddDpuAsync("odd", DpuPhases.Rebooting);
        await world.AddDpuAsync("manual", DpuPhases.Rebooting, effect: "drain: {automaticNodeReboot: false}");
        world.Dms.IsHeld = true;
        world.StartController();
        await StalledAsync("board", DpuPhases.OsInstalling, "ExistingRshimInstallDetected");
        await StalledAsync("odd", DpuPhases.Rebooting, "InvalidRebootCommand");
        Assert.Null((await world.SaysAsync("manual-0000-03-00", "Rebooted", "WaitingForManualPowerCycleOrReboot")).Status!.Conditions.Find("Stalled"));

        board.DmsStatus = $$"""{"phase":"Running","podIP":"{{board.Address}}","initContainerStatuses":null}""";
        await world.SaysAsync("board-0000-03-00", "OSInstalled", "DMSNotListening");
        board.DmsStatus = null;
        var running = await world.SaysAsync("board-0000-03-00", "OSInstalled", "Installing", "waiting for the new system to boot");
        Assert.Equal(("False", "Progressing"), (running.Status!.Conditions.Find("Stalled")!.Status, running.Status.Conditions.Find("Stalled")!.Reason));

        async Task StalledAsync(string host, string phase, string reason)
        {
            var dpu = await world.Admin.HasAsync<Dpu>(
                ProvisioningWorld.Namespace, $"{host}-0000-03-00", d => d.Status?.Conditions.Find("Stalled") is { Status: "True" } c && c.Reason == reason);
            Assert.Equal(phase, dpu.Status!.Phase);
        }
    }

    /// <summary>A request for a host's maintenance, or the one that is there, of which the operator says how far it is.</summary>
    private static async Task AddMaintenanceAsync(ProvisioningWorld world, string host, string reason)
    {
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: maintenance.nvidia.com/v1alpha1
            kind: NodeMaintenance
            metadata: {name: {{host}}, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {requestorID: dpu.nvidia.com, nodeName: {{host}}}
            """);
        var ready = new JsonObject
        {
            ["type"] = "Ready", ["status"] = "False", ["reason"] = reason, ["message"] = "", ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
        };
        await world.Admin.PatchStatusAsync<NodeMaintenance>(
            ProvisioningWorld.Namespace, host, new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(ready) } }, Cancellation);
    }
}
