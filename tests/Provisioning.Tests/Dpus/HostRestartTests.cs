using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What happens to the host of a DPU.</summary>
public sealed class HostRestartTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AUserRestartsTheHostWhenNobodyElseMay()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "automaticNodeReboot: false, nodeEffect: {noEffect: true}".Replace(", nodeEffect", "\n      nodeEffect", StringComparison.Ordinal));
        world.StartController();
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("Rebooted")?.Reason == "WaitingForManualPowerCycleOrReboot");
        Assert.Empty(host.Commands);
        await host.RebootAsync();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Empty(host.Commands);
    }

    [Fact]
    public async Task AHostThatSkipsRestartsLeavesItToTheDpu()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        await world.Admin.PatchAsync<V1Node>(
            null, "worker1", new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.RebootCommand] = "skip" } } }, Cancellation);
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.StartController();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Empty(host.Commands);
        Assert.Contains("reboot\n", world.Dms.Configuration(Dpu), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACommandThatFailsIsTriedAgainAndThenGivenUp()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        host.Obeys = false;
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.StartController();
        var dpu = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.Find("Rebooted")?.Reason == "RebootFailed");
        Assert.Contains("exited with 2: no such card", dpu.Status!.Conditions.Find("Rebooted")!.Message, StringComparison.Ordinal);

        // The board comes to its senses.
        host.Obeys = true;
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
    }

    [Fact]
    public async Task ACommandThatCannotStartIsAFailedAttemptAndNotAHostThatWentDown()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        host.Refusal = "exec: \"bf-slr.sh\": executable file not found in $PATH";
        await world.AddImageAndFlavorAsync();
        await world.AddDpuAsync("worker1", DpuPhases.Rebooting);
        world.StartController();
        await world.SaysAsync(
            Dpu, "Rebooted", "RebootFailed",
            $"pod {Dpu}-dms: 'bf-slr.sh 03:00 reset arm' did not start: exec: \"bf-slr.sh\": executable file not found in $PATH (attempt 1 of 3; tried again soon)");
        host.Refusal = null;
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
    }

    [Fact]
    public async Task EachThingThatHoldsUpARestartIsNamed()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1", dpus: 2);
        (host.RunsPods, host.Restarts) = (false, false);
        var young = await world.AddHostAsync("young");
        await world.AddHostAsync("odd");
        await world.AddImageAndFlavorAsync();
        await AnnotateAsync("odd", ProvisioningLabels.RebootCommand, "explode");
        const string other = "worker1-0000-04-00";
        world.Variables["CLOUD_INIT_TIMEOUT"] = "3600";
        await world.AddDpuAsync("young", DpuPhases.Rebooting, annotations: $"{ProvisioningLabels.InstalledAt}: \"{DpuScope.Text(TimeProvider.System.GetUtcNow())}\"");
        await world.AddDpuAsync("odd", DpuPhases.Rebooting);
        await world.AddDpuAsync("odd", DpuPhases.Rebooting, pci: "0000-05-00", never: DpuConditions.DmsRunning);
        await world.AddDpuAsync("worker1", DpuPhases.DmsDeployment);
        await world.AddDpuAsync("worker1", DpuPhases.Rebooting, pci: "0000-04-00");
        world.StartController();
        await world.SaysAsync("young-0000-03-00", "Rebooted", "CloudInit", "the new system's first boot is left alone for a while");
        await world.SaysAsync("odd-0000-03-00", "Rebooted", "InvalidRebootCommand", "explode: use one of cycle, reset, skip");
        await world.SaysAsync("odd-0000-05-00", "Rebooted", "InvalidState", "DMS has never run for this DPU");
        await world.SaysAsync(other, "Rebooted", "OtherDPUInstalling", $"while DPU {Dpu} is being installed");
        Assert.Empty(young.Commands);

        // A command that is one, and a host that somebody restarts.
        await AnnotateAsync("odd", ProvisioningLabels.RebootCommand, "skip");
        await world.PhaseAsync("odd-0000-03-00", DpuPhases.ClusterConfig);
        await young.RebootAsync();
        await world.PhaseAsync("young-0000-03-00", DpuPhases.ClusterConfig);

        // Both are installed; the host was told for both, and takes its time.
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, other, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.InstalledAt] = null } } }, Cancellation);
        host.RunsPods = true;
        await world.PhaseAsync(Dpu, DpuPhases.Rebooting);
        await world.SaysAsync(other, "Rebooted", "Rebooting", $"node worker1 is restarted for DPU {Dpu} and this one");
        await host.RebootAsync();
        await world.PhaseAsync(other, DpuPhases.ClusterConfig);
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);

        Task AnnotateAsync(string node, string name, string value) => world.Admin.PatchAsync<V1Node>(
            null, node, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [name] = value } } }, Cancellation);
    }

    [Fact]
    public async Task TwoDpusOfAHostAreInstalledSideBySideAndRestartItOnce()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1", dpus: 2);
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(
            template: "nodeEffect: {taint: {key: dpu, value: provisioning, effect: NoSchedule} }",
            more: "dpuSelector: {feature.node.kubernetes.io/dpu-0-pci-address: 0000-03-00, feature.node.kubernetes.io/dpu-1-pci-address: 0000-04-00}");
        world.Dms.IsHeld = true;
        world.StartController();
        await Eventually.SeeAsync(() => world.Dms.CountOf("Activate") == 2);
        var ports = (await world.Admin.ListAsync<V1Pod>(ProvisioningWorld.Namespace, Cancellation)).Select(Provisioning.Dms.DmsPod.PortOf).Order();
        Assert.Equal([9339, 9340], ports);
        world.Dms.IsHeld = false;

        const string other = "worker1-0000-04-00";
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        await world.PhaseAsync(other, DpuPhases.ClusterConfig);
        Assert.Equal(
            [$"{Dpu}-dms: bf-slr.sh 03:00 reset arm", $"{other}-dms: bf-slr.sh 04:00 reset arm", $"{Dpu}-dms: bf-slr.sh 03:00 reset host"], host.Commands);

        await world.JoinAsync(Dpu);
        await world.PhaseAsync(Dpu, DpuPhases.Ready);
        Assert.Single((await world.Admin.GetAsync<V1Node>(null, "worker1", Cancellation))!.Spec.Taints);
        await world.JoinAsync(other);
        await world.Admin.HasAsync<V1Node>(null, "worker1", n => n.Spec.Taints is null or { Count: 0 });
        var set = await world.Admin.HasAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", s => s.Status?.DpuStatistics?.GetValueOrDefault("Ready") == 2);
        Assert.Single(set.Status!.DpuStatistics!);
    }

    [Fact]
    public async Task TheFirstBootOfTheDpuThatWasInstalledLastIsLeftAloneByAll()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1", dpus: 2);
        await world.AddImageAndFlavorAsync();
        world.Variables["CLOUD_INIT_TIMEOUT"] = "3600";
        const string other = "worker1-0000-04-00";
        await world.AddDpuAsync("worker1", DpuPhases.Rebooting);
        await world.AddDpuAsync(
            "worker1", DpuPhases.Rebooting, pci: "0000-04-00", annotations: $"{ProvisioningLabels.InstalledAt}: \"{DpuScope.Text(TimeProvider.System.GetUtcNow())}\"");
        world.StartController();
        await world.SaysAsync(Dpu, "Rebooted", "CloudInit", $"the first boot of DPU {other}'s new system is left alone for a while");
        await world.SaysAsync(other, "Rebooted", "CloudInit", "the new system's first boot is left alone for a while");
        Assert.Empty(host.Commands);

        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, other,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.InstalledAt] = "2025-01-01T00:00:00Z" } } }, Cancellation);
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        await world.PhaseAsync(other, DpuPhases.ClusterConfig);
        Assert.NotEmpty(host.Commands);
    }

    [Fact]
    public async Task WhatOneDpuOfAHostNeedsHappensForAll()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1", dpus: 2);
        var manual = await world.AddHostAsync("manual", dpus: 2);
        await world.AddImageAndFlavorAsync();
        await world.AddDpuAsync("worker1", DpuPhases.Rebooting);
        await world.AddDpuAsync("worker1", DpuPhases.Rebooting, pci: "0000-04-00", annotations: $"{ProvisioningLabels.PowerCycleRequired}: \"true\"");
        await world.AddDpuAsync("manual", DpuPhases.Rebooting);
        await world.AddDpuAsync("manual", DpuPhases.Rebooting, pci: "0000-04-00", effect: "drain: {automaticNodeReboot: false}");
        world.StartController();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        await world.PhaseAsync("worker1-0000-04-00", DpuPhases.ClusterConfig);
        Assert.Equal([$"{Dpu}-dms: ipmitool chassis power cycle"], host.Commands);

        await world.SaysAsync(
            "manual-0000-03-00", "Rebooted", "WaitingForManualPowerCycleOrReboot", "restart node manual: automaticNodeReboot of DPU manual-0000-04-00 is false");
        await world.SaysAsync("manual-0000-04-00", "Rebooted", "WaitingForManualPowerCycleOrReboot", "restart node manual: automaticNodeReboot is false");
        Assert.Empty(manual.Commands);
    }

    [Fact]
    public async Task AHostIsDrainedFirstAndGivenBackAfterwards()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "nodeEffect: {drain: {automaticNodeReboot: true} }");
        world.StartController();
        await world.SaysAsync(Dpu, "NodeEffectReady", "Draining", "node worker1: ");
        var maintenance = await world.Admin.HasAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1");
        Assert.Equal(("dpu.nvidia.com", "worker1", true), (maintenance.Spec.RequestorId, maintenance.Spec.NodeName, maintenance.Spec.DrainSpec!.Force));
        Assert.Equal(["provisioning.dpu.nvidia.com"], maintenance.Spec.AdditionalRequestors);

        await MaintenanceIsReadyAsync(world);
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.NotNull(await world.Admin.GetAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1", Cancellation));
        await world.JoinAsync(Dpu);
        await world.Admin.LosesAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1");
    }

    [Fact]
    public async Task SomebodyElsesMaintenanceIsJoinedAndLeft()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: maintenance.nvidia.com/v1alpha1
            kind: NodeMaintenance
            metadata: {name: worker1, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {requestorID: other.example.com, nodeName: worker1}
            """);
        await MaintenanceIsReadyAsync(world);
        await world.AddSetAsync(template: "nodeEffect: {drain: {automaticNodeReboot: true} }");
        world.StartController();
        await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        var joined = await world.Admin.GetAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1", Cancellation);
        Assert.Equal(["provisioning.dpu.nvidia.com"], joined!.Spec.AdditionalRequestors);
        await world.JoinAsync(Dpu);
        await world.Admin.HasAsync<NodeMaintenance>(
            ProvisioningWorld.Namespace, "worker1", m => m.Spec.AdditionalRequestors is null or { Count: 0 } && m.Spec.RequestorId == "other.example.com");
    }

    [Fact]
    public async Task AMaintenanceThatSomebodySharesForLongerThanThereIsADpuEndsWithTheLastRequest()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: maintenance.nvidia.com/v1alpha1
            kind: NodeMaintenance
            metadata: {name: worker1, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {requestorID: dpu.nvidia.com, nodeName: worker1, additionalRequestors: [provisioning.dpu.nvidia.com, other.example.com]}
            """);
        await world.AddDpuAsync("worker1", DpuPhases.ClusterConfig, effect: "drain: {automaticNodeReboot: true}");
        world.StartController();
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Metadata.Finalizers is { Count: > 0 });
        await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, Dpu);
        var left = await world.Admin.GetAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1", Cancellation);
        Assert.Equal(["other.example.com"], left!.Spec.AdditionalRequestors);

        // The other one does not know that it is the last.
        await world.Admin.PatchAsync<NodeMaintenance>(
            ProvisioningWorld.Namespace, "worker1", new JsonObject { ["spec"] = new JsonObject { ["additionalRequestors"] = new JsonArray() } }, Cancellation);
        await world.Admin.LosesAsync<NodeMaintenance>(ProvisioningWorld.Namespace, "worker1");
    }

    /// <summary>What the maintenance operator says once worker1 is drained.</summary>
    private static Task MaintenanceIsReadyAsync(ProvisioningWorld world) => world.Admin.PatchStatusAsync<NodeMaintenance>(
        ProvisioningWorld.Namespace, "worker1",
        JsonNode.Parse("""{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""")!, Cancellation);
}
