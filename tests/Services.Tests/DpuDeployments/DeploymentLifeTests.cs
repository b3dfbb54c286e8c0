using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;

namespace Dpf.Services.Tests.DpuDeployments;

/// <summary>The life of a DPUDeployment.</summary>
public sealed class DeploymentLifeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";
    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deployment_waits_for_its_parts_makes_its_children_heals_them_and_goes_in_order()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("whole") + Whole.Deployment("whole", "ovn"));
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "PrerequisitesReady", "False", "BFB bf-bundle does not exist");
        Assert.Empty(await clusters.Management.ListAsync<DpuService>("whole", Cancellation));
        await clusters.Management.ApplyYamlAsync(Whole.Parts("whole"));
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "DPUSetsReconciled");
        await clusters.Management.HasAsync(Provisioning, "DPUSet", "whole", "ovn-dpuset1");
        await clusters.Management.HasAsync(Version, "DPUServiceChain", "whole", "ovn");
        await clusters.Management.HasAsync(Version, "DPUServiceInterface", "whole", "ovn-dts-eth-0");
        await clusters.Management.HasAsync(Version, "DPUService", "whole", "ovn-dts");
        var bfb = (await clusters.Management.GetAsync<Bfb>("whole", "bf-bundle", Cancellation))!;
        Assert.Equal("ovn", bfb.Metadata.Labels["dpu.nvidia.com/consumed-by-dpudeployment-name"]);
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "DPUServicesReady", "False", "whole/ovn-dts");

        // Its Application is healthy, its sets report: it is ready, without any DPU yet.
        await clusters.ApplicationAsync("c1-ovn-dts");
        await clusters.ReportAsync("c1-ovn-dts");
        await Sets.ReportAsync(clusters.Dpu, "ServiceInterfaceSet", "whole", "ovn-dts-eth-0", 1);
        await Sets.ReportAsync(clusters.Dpu, "ServiceChainSet", "whole", "ovn", 1);
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "Ready");
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: dpu1, namespace: whole, labels: {provisioning.dpu.nvidia.com/dpuset-name: ovn-dpuset1, provisioning.dpu.nvidia.com/dpuset-namespace: whole} }
            spec: {bfb: bf-bundle, nodeName: worker1}
            """);
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "DPUSetsReady", "False", "DPU dpu1 is Initializing");

        await clusters.Management.DeleteAsync(Provisioning, "DPUSet", "whole", "ovn-dpuset1", Cancellation);
        await clusters.Management.HasAsync(Provisioning, "DPUSet", "whole", "ovn-dpuset1");

        await clusters.Management.DeleteAsync(Version, "DPUDeployment", "whole", "ovn", Cancellation);
        await clusters.Management.ConditionAsync("DPUDeployment", "whole", "ovn", "DPUServicesReconciled", "False", "There are still 1 DPUServices");
        Assert.NotNull(await clusters.Management.GetAsync<DpuSet>("whole", "ovn-dpuset1", Cancellation));
        await clusters.FinishAsync("c1-ovn-dts");
        await clusters.Management.LosesAsync(Version, "DPUDeployment", "whole", "ovn");
        Assert.Empty(await clusters.Management.ListAsync<DpuSet>("whole", Cancellation));
        await clusters.Management.HasAsync(Provisioning, "BFB", "whole", "bf-bundle", b => !IsHeld(b));
    }

    [Fact]
    public async Task What_two_deployments_share_is_held_by_the_one_that_stays()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("sharing") + Whole.Parts("sharing") + Whole.Deployment("sharing", "a") + Whole.Deployment("sharing", "b"));
        await clusters.Management.ConditionAsync("DPUDeployment", "sharing", "a", "DPUSetsReconciled");
        await clusters.Management.ConditionAsync("DPUDeployment", "sharing", "b", "DPUSetsReconciled");
        await clusters.Management.DeleteAsync(Version, "DPUDeployment", "sharing", "a", Cancellation);
        await clusters.FinishAsync("c1-a-dts");
        await clusters.Management.LosesAsync(Version, "DPUDeployment", "sharing", "a");
        var flavor = await clusters.Management.HasAsync(
            Provisioning, "DPUFlavor", "sharing", "flavor",
            f => (string?)f["metadata"]!["labels"]?["dpu.nvidia.com/consumed-by-dpudeployment-name"] == "b");
        Assert.True(IsHeld(flavor));
    }

    [Fact]
    public async Task What_a_deployment_used_is_free_when_it_is_gone_however_it_went()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("gone") + Whole.Parts("gone") + Whole.Deployment("gone", "forced"));
        await clusters.Management.ConditionAsync("DPUDeployment", "gone", "forced", "DPUSetsReconciled");
        await clusters.Management.HasAsync(Provisioning, "BFB", "gone", "bf-bundle", IsHeld);

        // By somebody's force: its controller lets nothing go before.
        await clusters.Management.DeleteAsync(Version, "DPUDeployment", "gone", "forced", Cancellation);
        await clusters.Management.PatchAsync<DpuDeployment>(
            "gone", "forced", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUDeployment", "gone", "forced");

        await clusters.Management.HasAsync(Provisioning, "BFB", "gone", "bf-bundle", b => !IsHeld(b));
        await clusters.Management.HasAsync(Provisioning, "DPUFlavor", "gone", "flavor", f => !IsHeld(f));
    }

    [Fact]
    public async Task A_service_that_is_taken_out_takes_its_children_along()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("fewer") + Whole.Parts("fewer") + Whole.Deployment("fewer", "d"));
        await clusters.ApplicationAsync("c1-d-dts");
        await clusters.Management.PatchAsync<DpuDeployment>(
            "fewer", "d", new JsonObject { ["spec"] = new JsonObject { ["services"] = new JsonObject { ["dts"] = null } } }, Cancellation);
        await clusters.FinishAsync("c1-d-dts");
        await clusters.Management.LosesAsync(Version, "DPUService", "fewer", "d-dts");
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "fewer", "d-dts-eth-0");
        await clusters.Management.HasAsync(Provisioning, "BFB", "fewer", "bf-bundle", IsHeld);
        await clusters.Management.HasAsync(Version, "DPUServiceTemplate", "fewer", "dts", t => !IsHeld(t));
    }

    [Fact]
    public async Task A_child_of_somebody_else_is_not_taken_over()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("theirs") + """
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: mine-dts, namespace: theirs}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: own, version: 1.0.0} } }
            ---

            """ + Whole.Parts("theirs") + Whole.Deployment("theirs", "mine"));
        await clusters.Management.ConditionAsync(
            "DPUDeployment", "theirs", "mine", "DPUServicesReconciled", "False", "DPUService theirs/mine-dts exists and is of no DPUDeployment");
        Assert.Equal("own", (await clusters.Management.GetAsync<DpuService>("theirs", "mine-dts", Cancellation))!.Spec.HelmChart.Source.Chart);
    }

    private static bool IsHeld(JsonObject value) =>
        (value["metadata"]!["finalizers"] as JsonArray)?.Any(f => (string?)f == "dpu.nvidia.com/dpudeployment") == true;
}
