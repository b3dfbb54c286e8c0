using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What a DPU says in each phase while it cannot go on, and how it goes on.</summary>
public sealed class DpuStepsTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EachThingThatIsMissingBeforeTheHostIsTouchedIsNamed()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        world.StartController();
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: mine, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {nodeName: worker1, bfb: bf-bundle, dpuFlavor: flavor, nodeEffect: {customLabel: {busy: "yes"} } }
            """);
        await world.SaysAsync("mine", "Initialized", "NodeNotFound", "node worker1 does not exist");
        await world.AddHostAsync("worker1", dpus: 0, labels: new() { ["feature.node.kubernetes.io/dpu-oob-bridge-configured"] = "" });
        await world.SaysAsync("mine", "Initialized", "PCIAddressUnknown", "node worker1 shows no DPU that is free");
        await LabelAsync(world, "worker1", ("feature.node.kubernetes.io/dpu-0-pci-address", "0000-03-00"), ("feature.node.kubernetes.io/dpu-oob-bridge-configured", null));
        await world.SaysAsync("mine", "Initialized", "DPUOOBBridgeNotConfigured", "its bridge br-dpu must exist");
        await LabelAsync(world, "worker1", ("feature.node.kubernetes.io/dpu-oob-bridge-configured", ""));
        await world.SaysAsync("mine", "Initialized", "DPUFlavorNotFound", "DPUFlavor dpf-operator-system/flavor does not exist; create it");

        // Twelve of sixteen gibibytes in huge pages would leave a card that never comes up again.
        await LabelAsync(
            world, "worker1", ("feature.node.kubernetes.io/dpu-0-memory", "16Gi"), ("feature.node.kubernetes.io/dpu-0-part-number", "900-9D3D4-00EN-HA0"));
        await world.AddFlavorAsync("flavor", "grub: {kernelParameters: [hugepagesz=2048kB, hugepages=6144]}");
        await world.SaysAsync(
            "mine", "Initialized", "DPUFlavorDoesNotFit",
            "DPUFlavor dpf-operator-system/flavor does not fit: spec.grub.kernelParameters set 12 GiB aside in huge pages, at least 5 GiB have to be left, and the card at 0000:03:00 (900-9D3D4-00EN-HA0) has 16 GiB");
        Assert.False((await world.Admin.GetAsync<V1Node>(null, "worker1", Cancellation))!.Metadata.Labels.ContainsKey("busy"));
        await world.AddFlavorAsync("smaller");
        var gate = new TaskCompletionSource();
        world.Web.Gate = gate.Task;
        await world.AddImageAndFlavorAsync("bf-bundle", "other");
        await world.Admin.PatchAsync<Dpu>(ProvisioningWorld.Namespace, "mine", new JsonObject { ["spec"] = new JsonObject { ["dpuFlavor"] = "smaller" } }, Cancellation);
        await world.SaysAsync("mine", "BFBReady", "BFBNotReady", "BFB dpf-operator-system/bf-bundle is in phase Downloading");
        gate.SetResult();
        await world.PhaseAsync("mine", DpuPhases.ClusterConfig);
    }

    [Fact]
    public async Task ACardInNicModeIsInstalledOnceItIsADpu()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.Dms.Mode = "NIC";
        world.StartController();
        await world.SaysAsync(Dpu, "OSInstalled", "ModeChangePending", "the card is in NIC mode; it was told to change to DPU mode");
        Assert.Equal(0, world.Dms.CountOf("Install"));

        // The power of the host was off.
        world.Dms.Mode = "DPU";
        await host.RebootAsync();
        var dpu = await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.False(dpu.Metadata.Annotations.ContainsKey(ProvisioningLabels.InstallFailures));
        Assert.Equal(1, world.Dms.CountOf("Activate"));
    }

    [Fact]
    public async Task AClusterThatIsAwayUsesUpNoAttemptToInstall()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await AddHostWithoutPodsAsync(world);
        world.StartController();
        await world.PhaseAsync(Dpu, DpuPhases.DmsDeployment);
        await world.StopDpuClusterAsync();
        host.RunsPods = true;
        await world.SaysAsync(Dpu, "OSInstalled", "APIServerUnreachable", "Connection refused");

        // It was tried again meanwhile.
        await Eventually.SeeAsync(() => world.Dms.CountOf("Install") > 1);
        var dpu = await world.PhaseAsync(Dpu, DpuPhases.OsInstalling);
        Assert.False(dpu.Metadata.Annotations?.ContainsKey(ProvisioningLabels.InstallFailures) == true);
    }

    [Fact]
    public async Task AHostThatLacksSomethingIsSaidByTheDpu()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1");
        (host.HasNetwork, host.NetworkSays) = (false, "the bridge br-dpu is not there or has no IPv4 address");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        world.Dms.Mode = null;
        world.StartController();
        await world.SaysAsync(Dpu, "HostNetworkReady", "Initializing", "pod worker1-0000-03-00-hostnetwork: the bridge br-dpu is not there or has no IPv4 address");

        // What is only worth a remark does not hold it up.
        (host.NetworkSays, host.HasNetwork) = ("0000:03:00.0 has 8 virtual functions (sriov_numvfs) instead of 46", true);
        var dpu = await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Equal(
            "waiting for dpu joining cluster; 0000:03:00.0 has 8 virtual functions (sriov_numvfs) instead of 46", dpu.Status!.Conditions.Find("HostNetworkReady")!.Message);
        await world.JoinAsync(Dpu);
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, d => d.Status?.Conditions.IsTrue("Ready") == true);
        (host.NetworkSays, host.HasNetwork) = ("the bridge br-dpu lost its address", false);
        await world.SaysAsync(Dpu, "HostNetworkReady", "HostNetworkNotReady", "the bridge br-dpu lost its address");
    }

    [Fact]
    public async Task APodOfDmsIsMadeAnewAFewTimesBeforeAUserIsAsked()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await AddHostWithoutPodsAsync(world);
        world.StartController("--dms-pod-timeout=1s");
        var failed = await world.PhaseAsync(Dpu, DpuPhases.Error);
        Assert.Equal("DMS Deployment=2", failed.Metadata.Annotations[ProvisioningLabels.PhaseAttempts]);
        var stalled = failed.Status!.Conditions.Find("Stalled")!;
        Assert.Equal(("True", "DMSPodTimedout"), (stalled.Status, stalled.Reason));
        Assert.Contains("annotate the DPU with provisioning.dpu.nvidia.com/retry=true to go on, or delete it", stalled.Message, StringComparison.Ordinal);
        host.RunsPods = true;
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.Retry] = "true" } } }, Cancellation);
        var dpu = await world.PhaseAsync(Dpu, DpuPhases.ClusterConfig);
        Assert.Equal(("False", "Progressing"), (dpu.Status!.Conditions.Find("Stalled")!.Status, dpu.Status.Conditions.Find("Stalled")!.Reason));
    }

    [Fact]
    public async Task APodOfDmsSaysWhatKeepsItFromWorking()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await AddHostWithoutPodsAsync(world);
        world.StartController();
        await world.SaysAsync(Dpu, "DMSRunning", "DMSPodPending", "pod worker1-0000-03-00-dms: ");
        host.DmsStatus = """
            {"phase":"Pending","initContainerStatuses":[{"name":"rshim-preflight","ready":false,"restartCount":1,"image":"","imageID":"",
             "state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"message":"the host has its own rshim: remove it"}}}]}
            """;
        host.RunsPods = true;
        await world.SaysAsync(Dpu, "DMSRunning", "ExistingRshimInstallDetected", "the host has its own rshim: remove it");
        host.DmsStatus = $$"""{"phase":"Running","podIP":"{{host.Address}}","initContainerStatuses":null}""";
        await world.SaysAsync(Dpu, "DMSRunning", "DMSNotListening", "runs, but its DMS does not answer yet");
        host.DmsStatus = """{"phase":"Failed","message":"the node was low on resource"}""";
        await world.PhaseAsync(Dpu, DpuPhases.Error);
        await world.SaysAsync(Dpu, "DMSRunning", "DMSPodFailed", "pod worker1-0000-03-00-dms failed: the node was low on resource");
    }

    [Fact]
    public async Task ADeletionThatIsHeldUpSaysByWhatAndUntilWhenAndCanBeForced()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddReadyDpuAsync("worker1");
        world.StartController();
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms");
        await world.StopDpuClusterAsync();
        await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, Dpu, Cancellation);
        var dpu = await world.SaysAsync(Dpu, "Ready", "Deleting", "node worker1-0000-03-00 of DPUCluster dpu-cplane-tenant1/tenant1");
        Assert.Equal(DpuPhases.Deleting, dpu.Status!.Phase);
        var until = new DateTimeOffset(dpu.Metadata.DeletionTimestamp!.Value).AddMinutes(10).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains($"what cannot be reached is left behind at {until}, or at once if the DPU is annotated with", dpu.Status.Conditions.Find("Ready")!.Message, StringComparison.Ordinal);
        await world.Admin.PatchAsync<Dpu>(
            ProvisioningWorld.Namespace, Dpu,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisioningLabels.ForceDelete] = "true" } } }, Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, Dpu);
        Assert.Contains(await world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation), e => e is { Type: "Warning", Reason: "LeftBehind" });
    }

    /// <summary>A host with a DPU of a set; no pod runs there before <see cref="FakeHost.RunsPods"/>.</summary>
    private static async Task<FakeHost> AddHostWithoutPodsAsync(ProvisioningWorld world)
    {
        var host = await world.AddHostAsync("worker1");
        host.RunsPods = false;
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();
        return host;
    }

    private static Task LabelAsync(ProvisioningWorld world, string node, params (string Name, string? Value)[] labels) => world.Admin.PatchAsync<V1Node>(
        null, node, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = DpuScope.Map(labels) } }, Cancellation);
}
