using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuClusters;

/// <summary>DPUClusters from their making to their end, against API servers.</summary>
public sealed class ClusterLifeTests
{
    private const string Namespace = ClusterWorld.Namespace;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_guides_cluster_is_made_answers_and_goes()
    {
        await using var world = await ClusterWorld.StartAsync("kamaji-cluster-manager");
        await ApplyAsync(world, "v1.30.2");

        var service = await world.Admin.HasAsync<V1Service>(Namespace, "tenant1");
        var port = service.Spec.Ports[0].NodePort;
        var tenant = await SeeTenantAsync(world, _ => true);
        Assert.Equal(("10.0.110.200", port), ((string?)tenant["spec"]!["networkProfile"]!["address"], (int?)tenant["spec"]!["networkProfile"]!["port"]));
        var daemons = await world.Admin.HasAsync<V1DaemonSet>(Namespace, "tenant1-keepalived");
        Assert.Contains($"--check=https://$(NODE_IP):{port}/healthz", daemons.Spec.Template.Spec.Containers[0].Args);
        Assert.Equal("example.com/dpf-system:v1", daemons.Spec.Template.Spec.Containers[0].Image);
        await world.ConditionAsync("tenant1", ClusterContract.Created, "ClusterNotReady");
        Assert.Equal("Creating", (await world.PhaseAsync("tenant1", "Creating")).Status!.Phase);
        await world.ConditionAsync("tenant1", "Ready", "NotCreated");
        await world.ConditionAsync("tenant1", ClusterContract.KeepalivedReady, "NotDeployed");

        await world.AddKubeconfigAsync("tenant1-admin-kubeconfig");
        await world.SetVersionStatusAsync("tenant1", "Ready");
        await world.SetDaemonsAsync("tenant1-keepalived", 1, 1);
        var ready = await world.PhaseAsync("tenant1", "Ready");
        Assert.Equal("tenant1-admin-kubeconfig", ready.Spec.Kubeconfig);
        Assert.All(ready.Status!.Conditions!, c => Assert.Equal("True", c.Status));
        Assert.Equal(
            ["Created Created", "KeepalivedReady Deployed", "Ready HealthCheckPassed"],
            ready.Status!.Conditions!.Select(c => $"{c.Type} {c.Reason}").Order(StringComparer.Ordinal));

        await world.Admin.DeleteAsync<DpuCluster>(Namespace, "tenant1", Cancellation);
        await world.Admin.LosesAsync<DpuCluster>(Namespace, "tenant1");
        Assert.Null(await world.Admin.GetAsync("kamaji.clastix.io/v1alpha1", "TenantControlPlane", Namespace, "tenant1", Cancellation));
        Assert.Null(await world.Admin.GetAsync<V1DaemonSet>(Namespace, "tenant1-keepalived", Cancellation));
        Assert.Null(await world.Admin.GetAsync<V1Service>(Namespace, "tenant1", Cancellation));
    }

    [Fact]
    public async Task A_new_version_and_a_new_address_reach_the_control_plane_without_it_being_called_missing()
    {
        await using var world = await ClusterWorld.StartAsync("kamaji-cluster-manager");
        await ApplyAsync(world, "v1.30.2");
        await world.ConditionAsync("tenant1", ClusterContract.Created, "ClusterNotReady");
        await world.AddKubeconfigAsync("tenant1-admin-kubeconfig");
        await world.SetVersionStatusAsync("tenant1", "Ready");
        await world.SetDaemonsAsync("tenant1-keepalived", 1, 1);
        await world.PhaseAsync("tenant1", "Ready");
        var port = (int?)(await SeeTenantAsync(world, _ => true))["spec"]!["networkProfile"]!["port"];

        await world.SetVersionStatusAsync("tenant1", "Upgrading");
        await ApplyAsync(world, "v1.30.4", vip: "10.0.110.201");

        var tenant = await SeeTenantAsync(world, t => (string?)t["spec"]!["kubernetes"]!["version"] == "v1.30.4");
        Assert.Equal(("10.0.110.201", port), ((string?)tenant["spec"]!["networkProfile"]!["address"], (int?)tenant["spec"]!["networkProfile"]!["port"]));
        await world.Admin.HasAsync<V1ConfigMap>(
            Namespace, "tenant1-keepalived", c => c.Data["keepalived.conf"].Contains("10.0.110.201", StringComparison.Ordinal));
        var upgrading = await world.Admin.HasAsync<DpuCluster>(
            Namespace, "tenant1", c => c.Status!.Conditions!.Any(x => x.Type == ClusterContract.Created && x.Message == "Kamaji: Upgrading"));
        Assert.Equal("Ready", upgrading.Status!.Phase);

        // Another cluster cannot have an address that is taken.
        await ApplyAsync(world, "v1.30.2", vip: "10.0.110.201", name: "tenant2");
        var second = await world.ConditionAsync("tenant2", ClusterContract.KeepalivedReady, "InvalidEndpoint");
        Assert.Equal(
            "DPUCluster dpu-cplane-tenant1/tenant1 has the address 10.0.110.201 already",
            second.Status!.Conditions!.Single(c => c.Type == ClusterContract.KeepalivedReady).Message);
    }

    [Fact]
    public async Task Without_an_endpoint_the_control_plane_is_at_a_node()
    {
        await using var world = await ClusterWorld.StartAsync("kamaji-cluster-manager");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: tenant1, namespace: {{Namespace}}}
            spec: {type: kamaji, version: v1.30.2}
            """);

        var tenant = await SeeTenantAsync(world, _ => true);

        Assert.Equal("10.0.110.1", (string?)tenant["spec"]!["networkProfile"]!["address"]);
        await world.ConditionAsync("tenant1", ClusterContract.Created, "ClusterNotReady");
        Assert.Null(await world.Admin.GetAsync<V1DaemonSet>(Namespace, "tenant1-keepalived", Cancellation));
    }

    [Fact]
    public async Task A_cluster_with_a_dpu_stays_until_the_dpu_has_left()
    {
        await using var world = await ClusterWorld.StartAsync("kamaji-cluster-manager");
        await ApplyAsync(world, "v1.30.2");
        await world.ConditionAsync("tenant1", ClusterContract.Created, "ClusterNotReady");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: dpu1, namespace: {{Namespace}}}
            spec: {bfb: b, nodeName: worker1, cluster: {name: tenant1, namespace: {{Namespace}} } }
            """);

        await world.Admin.DeleteAsync<DpuCluster>(Namespace, "tenant1", Cancellation);
        var held = await world.ConditionAsync("tenant1", "Ready", "AwaitingDeletion");
        Assert.Contains(ClusterContract.ManagerFinalizer, held.Metadata.Finalizers);
        await SeeTenantAsync(world, t => t["metadata"]!["deletionTimestamp"] is null);

        await world.Admin.DeleteAsync<Dpu>(Namespace, "dpu1", Cancellation);
        await world.Admin.LosesAsync<DpuCluster>(Namespace, "tenant1");
    }

    [Fact]
    public async Task A_cluster_that_gives_up_its_virtual_address_is_reached_by_a_node_and_leaves_no_keepalived()
    {
        await using var world = await ClusterWorld.StartAsync("kamaji-cluster-manager");
        await ApplyAsync(world, "v1.30.2");
        await world.Admin.HasAsync<V1DaemonSet>(Namespace, "tenant1-keepalived");
        await world.AddKubeconfigAsync("tenant1-admin-kubeconfig");
        await world.SetVersionStatusAsync("tenant1", "Ready");
        await world.SetDaemonsAsync("tenant1-keepalived", 1, 1);
        await world.PhaseAsync("tenant1", "Ready");

        await world.Admin.PatchAsync<DpuCluster>(
            Namespace, "tenant1", new JsonObject { ["spec"] = new JsonObject { ["clusterEndpoint"] = null } }, Cancellation);

        await world.Admin.LosesAsync<V1DaemonSet>(Namespace, "tenant1-keepalived");
        await world.Admin.LosesAsync<V1ConfigMap>(Namespace, "tenant1-keepalived");
        await SeeTenantAsync(world, t => (string?)t["spec"]!["networkProfile"]!["address"] != "10.0.110.200");
        var moved = await world.Admin.HasAsync<DpuCluster>(
            Namespace, "tenant1", c => c.Status!.Conditions!.All(x => x.Type != ClusterContract.KeepalivedReady) && c.Status.Phase == "Ready");
        Assert.All(moved.Status!.Conditions!, c => Assert.Equal("True", c.Status));
    }

    [Fact]
    public async Task A_static_cluster_is_ready_when_its_secret_is_good_and_not_when_it_stops_answering()
    {
        await using var world = await ClusterWorld.StartAsync("static-cluster-manager");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: s, namespace: {{Namespace}}}
            spec: {type: static, version: v1.30.2}
            """);
        await world.ConditionAsync("s", ClusterContract.Created, "EmptyKubeconfig");
        await world.Admin.PatchAsync<DpuCluster>(
            Namespace, "s", new JsonObject { ["spec"] = new JsonObject { ["kubeconfig"] = "mine" } }, Cancellation);
        await world.ConditionAsync("s", ClusterContract.Created, "SecretNotFound");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: mine, namespace: {{Namespace}}}
            data: {other.conf: eA==}
            """);
        await TouchAsync("1");
        await world.ConditionAsync("s", ClusterContract.Created, "InvalidKubeconfig");
        await world.AddKubeconfigAsync("mine");
        await TouchAsync("2");
        await world.PhaseAsync("s", "Ready");
        await world.StopTenantAsync();
        await TouchAsync("3");
        await world.PhaseAsync("s", "NotReady");
        Assert.Equal("False", (await world.ConditionAsync("s", "Ready", "HealthCheckFailed")).Status!.Conditions!.Single(c => c.Type == "Ready").Status);
        await world.AddKubeconfigAsync("mine");
        await world.PhaseAsync("s", "Ready");

        // Secrets are not watched by whoever judges them.
        Task TouchAsync(string look) => world.Admin.PatchAsync<DpuCluster>(
            Namespace, "s", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["look"] = look } } }, Cancellation);
    }

    private static Task ApplyAsync(ClusterWorld world, string version, string vip = "10.0.110.200", string name = "tenant1") => world.Admin.ApplyYamlAsync($$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUCluster
        metadata: {name: {{name}}, namespace: {{Namespace}}}
        spec:
          type: kamaji
          maxNodes: 10
          version: {{version}}
          clusterEndpoint:
            keepalived: {interface: br-eno1, vip: {{vip}}, virtualRouterID: 126, nodeSelector: {node-role.kubernetes.io/control-plane: ""} }
        """);

    private static async Task<JsonObject> SeeTenantAsync(ClusterWorld world, Func<JsonObject, bool> isAsExpected) => (await Eventually.SeeAsync(
        () => world.Admin.GetAsync("kamaji.clastix.io/v1alpha1", "TenantControlPlane", Namespace, "tenant1", Cancellation),
        value => value is not null && isAsExpected(value)))!;
}
