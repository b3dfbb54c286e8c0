using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuSets;

public sealed class DpuSetLifeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ANewImageIsRolledOutOneByOne()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddHostAsync("worker2");
        await world.AddImageAndFlavorAsync();
        await world.AddImageAndFlavorAsync("newer");
        const string rolling = "strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1} }";
        await world.AddSetAsync(more: rolling);
        world.StartController();
        foreach (var dpu in (string[])["worker1-0000-03-00", "worker2-0000-03-00"])
        {
            await world.PhaseAsync(dpu, DpuPhases.ClusterConfig);
            await world.JoinAsync(dpu);
            await ReadyAsync(world, dpu, "bf-bundle");
        }

        await world.AddSetAsync(image: "newer", more: rolling);
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "worker1-0000-03-00", d => d.Spec.Bfb == "newer" && d.Status?.Phase == DpuPhases.ClusterConfig);

        // The second waits for the first.
        var second = await world.Admin.GetAsync<Dpu>(ProvisioningWorld.Namespace, "worker2-0000-03-00", Cancellation);
        Assert.Equal("bf-bundle", second!.Spec.Bfb);
        Assert.True(second.Status!.Conditions.IsTrue("Ready"));
        await world.JoinAsync("worker1-0000-03-00");
        await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "worker2-0000-03-00", d => d.Spec.Bfb == "newer" && d.Status?.Phase == DpuPhases.ClusterConfig);
        await world.JoinAsync("worker2-0000-03-00");
        await ReadyAsync(world, "worker2-0000-03-00", "newer");
    }

    [Fact]
    public async Task WhatNeedsNoInstallationIsChangedInPlaceAndTheRestWaitsForAUser()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        const string dpu = "worker1-0000-03-00";
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync(template: "nodeEffect: {noEffect: true}\n      cluster: {nodeLabels: {a: one, b: two} }");
        world.StartController();
        await world.PhaseAsync(dpu, DpuPhases.ClusterConfig);
        await world.JoinAsync(dpu);
        await world.DpuAdmin.HasAsync<V1Node>(null, dpu, n => n.Metadata.Labels?.TryGetValue("b", out var b) == true && b == "two");

        await world.AddSetAsync(image: "newer", template: "nodeEffect: {noEffect: true}\n      cluster: {nodeLabels: {a: changed} }");
        await SaysAsync("Error", "BFB dpf-operator-system/newer does not exist; create it; 1 of 1 DPUs are of an earlier template");
        await world.DpuAdmin.HasAsync<V1Node>(
            null, dpu, n => n.Metadata.Labels?.TryGetValue("a", out var a) == true && a == "changed" && !n.Metadata.Labels.ContainsKey("b"));
        var now = await world.Admin.GetAsync<Dpu>(ProvisioningWorld.Namespace, dpu, Cancellation);
        Assert.Equal("bf-bundle", now!.Spec.Bfb);
        Assert.Equal("worker1", now.Spec.Cluster!.NodeLabels!["provisioning.dpu.nvidia.com/host"]);

        // Recreate: a user deletes the DPU.
        await world.AddImageAndFlavorAsync("newer");
        await SaysAsync("Pending", "with strategy Recreate each is made anew when you delete it");
        await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, dpu, Cancellation);
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, dpu, d => d.Spec.Bfb == "newer");

        Task SaysAsync(string reason, string message) => world.Admin.HasAsync<DpuSet>(
            ProvisioningWorld.Namespace, "dpuset",
            s => s.Status?.Conditions.Find("DPUsUpToDate") is { Status: "False" } c && c.Reason == reason && c.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ANodeThatIsNotSelectedAnyMoreLosesItsDpu()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await world.AddHostAsync("worker1");
        await world.AddSetAsync();
        world.StartController();
        var dpu = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "worker1-0000-03-00", d => d.Status?.Conditions.Find("Initialized")?.Reason == "DPUClusterNotReady");
        Assert.Equal("there is no DPUCluster; create one", dpu.Status!.Conditions.Find("Initialized")!.Message);
        await world.Admin.PatchAsync<V1Node>(
            null, "worker1", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["feature.node.kubernetes.io/dpu-enabled"] = null } } }, Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00");
    }

    [Fact]
    public async Task TwoSetsDoNotShareADpu()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await world.AddHostAsync("worker1");
        await world.AddSetAsync("first");
        world.StartController();
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00");
        await world.AddSetAsync("second");
        await Eventually.SeeAsync(
            () => world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation),
            events => events.Any(e => e.Reason == "FailedCreate" && e.Message.Contains("belongs to DPUSet first", StringComparison.Ordinal)));
        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "second", Cancellation);
        await world.Admin.LosesAsync<DpuSet>(ProvisioningWorld.Namespace, "second");
        Assert.NotNull(await world.Admin.GetAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00", Cancellation));
    }

    [Fact]
    public async Task OneNodeThatIsNotToBeServedDoesNotHoldUpTheOthers()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await world.AddHostAsync("worker1");
        await world.AddHostAsync("worker2");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: worker1-0000-03-00, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {nodeName: worker1, bfb: bf-bundle}
            """);
        world.StartController();
        await world.AddSetAsync();
        await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, "worker2-0000-03-00");
        var set = await world.Admin.HasAsync<DpuSet>(
            ProvisioningWorld.Namespace, "dpuset", s => s.Status?.Conditions.Find("DPUsReconciled") is { Status: "False", Reason: "Error" });
        Assert.Equal(
            "DPU worker1-0000-03-00 belongs to nobody; two DPUSets must not select the same DPU", set.Status!.Conditions.Find("DPUsReconciled")!.Message);
    }

    [Fact]
    public async Task ADpuWithoutASetLivesToo()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: mine, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {nodeName: worker1, bfb: bf-bundle, nodeEffect: {noEffect: true}, cluster: {name: tenant1, namespace: dpu-cplane-tenant1} }
            """);
        world.StartController();
        var dpu = await world.PhaseAsync("mine", DpuPhases.ClusterConfig);
        Assert.Equal("0000-03-00", dpu.Metadata.Labels["provisioning.dpu.nvidia.com/dpu-pciAddress"]);
        await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, "mine", Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, "mine");
    }

    [Fact]
    public async Task ASetThatIsDeletedWithoutItsDpusLeavesThemToTheNextOfItsName()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await world.AddHostAsync("worker1");
        await world.AddSetAsync();
        world.StartController();
        var before = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00", d => d.Status?.Phase == DpuPhases.Initializing);
        await world.Admin.HasAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", s => s.Metadata.Finalizers?.Count > 0);
        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation, propagation: "Orphan");
        await world.Admin.LosesAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset");
        var left = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00");
        Assert.Equal(before.Metadata.Uid, left.Metadata.Uid);
        Assert.Null(left.Metadata.DeletionTimestamp);
        Assert.True(left.Metadata.OwnerReferences is null or { Count: 0 });

        await world.AddSetAsync();
        var set = await world.Admin.HasAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset");
        var taken = await world.Admin.HasAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00", d => d.Metadata.OwnerReferences?.Count == 1);
        Assert.Equal((before.Metadata.Uid, set.Metadata.Uid), (taken.Metadata.Uid, taken.Metadata.OwnerReferences[0].Uid));
        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, "worker1-0000-03-00");
        await world.Admin.LosesAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset");
    }

    private static Task<Dpu> ReadyAsync(ProvisioningWorld world, string dpu, string image) => world.Admin.HasAsync<Dpu>(
        ProvisioningWorld.Namespace, dpu, d => d.Spec.Bfb == image && d.Status?.Conditions.IsTrue("Ready") == true);
}
