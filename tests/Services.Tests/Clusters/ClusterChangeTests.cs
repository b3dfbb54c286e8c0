using Dpf.Api.Provisioning;

namespace Dpf.Services.Tests.Clusters;

/// <summary>DPU clusters that come, fall silent and go.</summary>
public sealed class ClusterChangeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_silent_cluster_holds_up_no_other_and_is_said_to_be_until_it_is_given_up()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: dead}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: svc, namespace: dead}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: svc, version: 1.0.0} } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p0, namespace: dead}
            spec: {template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
            """);
        await clusters.ApplicationAsync("c1-svc");

        // A cluster that comes is served; its namespace is made and its Application follows.
        var (server, second) = await clusters.StartDpuClusterAsync();
        await clusters.AddClusterAsync("c2", server.AdminKubeconfig);
        await clusters.ApplicationAsync("c2-svc");
        await second.HasAsync(Version, "ServiceInterfaceSet", "dead", "p0");
        await clusters.Management.ConditionAsync("DPUServiceInterface", "dead", "p0", "ServiceInterfaceSetReconciled");

        await clusters.SilenceAsync(server);
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p1, namespace: dead}
            spec: {template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: p1} } } } } }
            """);
        await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", "dead", "p1");
        await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "dead", "p1", "ServiceInterfaceSetReconciled", "False", "DPUCluster clusters/c2");
        await clusters.Management.ConditionAsync("DPUService", "dead", "svc", "ApplicationsReady", "False", "DPUCluster clusters/c2 does not answer");

        await clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "dead", "p0", Cancellation);
        await clusters.Dpu.LosesAsync(Version, "ServiceInterfaceSet", "dead", "p0");
        await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "dead", "p0", "ServiceInterfaceSetReconciled", "False", "delete the DPUCluster to give up");

        // Given up: what was in it is in nobody's way any more.
        await clusters.Management.DeleteAsync<DpuCluster>("clusters", "c2", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "dead", "p0");
        await clusters.Management.LosesAsync(FakeArgo.Version, "Application", TwoClusters.SystemNamespace, "c2-svc");
        await clusters.Management.LosesAsync("v1", "Secret", TwoClusters.SystemNamespace, "clusters-c2");
        await clusters.Management.ConditionAsync("DPUServiceInterface", "dead", "p1", "ServiceInterfaceSetReconciled");
    }

    [Fact]
    public async Task A_cluster_that_is_not_selected_is_left_again()
    {
        await clusters.Management.ApplyYamlAsync(Interface("c1"));
        await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", "selected", "vf");
        await clusters.Management.ApplyYamlAsync(Interface("none"));
        await clusters.Dpu.LosesAsync(Version, "ServiceInterfaceSet", "selected", "vf");
        await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "selected", "vf", "ServiceInterfaceSetReady", "False", "no DPUCluster has the labels");

        static string Interface(string cluster) => $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: selected}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: vf, namespace: selected}
            spec:
              clusterSelector: {matchLabels: {name: {{cluster}} } }
              template: {spec: {template: {spec: {interfaceType: vf, vf: {pfID: 0, vfID: 2, parentInterfaceRef: p0} } } } }
            """;
    }
}
