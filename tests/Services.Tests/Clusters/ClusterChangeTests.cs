using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;

namespace Dpf.Services.Tests.Clusters;

/// <summary>DPU clusters that come, fall silent and go.</summary>
public sealed class ClusterChangeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_keeps_its_Applications_when_another_of_its_name_comes_or_goes()
    {
        var (one, _) = await clusters.StartDpuClusterAsync();
        var (two, _) = await clusters.StartDpuClusterAsync();
        await clusters.AddClusterAsync("twin", one.AdminKubeconfig, "first");
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: twins}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: both, namespace: twins}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: svc, version: 1.0.0} } }
            """);
        var before = await clusters.ApplicationAsync("twin-both");

        await clusters.AddClusterAsync("twin", two.AdminKubeconfig, "second");
        var newcomer = await clusters.ApplicationAsync("second-twin-both");
        Assert.Equal(Uid(before), Uid(await clusters.ApplicationAsync("twin-both")));

        await clusters.Management.DeleteAsync<DpuCluster>("first", "twin", Cancellation);
        await clusters.Management.LosesAsync(FakeArgo.Version, "Application", TwoClusters.SystemNamespace, "twin-both");
        await clusters.Management.LosesAsync("v1", "Secret", TwoClusters.SystemNamespace, "first-twin");
        Assert.Equal(Uid(newcomer), Uid(await clusters.ApplicationAsync("second-twin-both")));
        await clusters.Management.DeleteAsync<DpuCluster>("second", "twin", Cancellation);

        static string? Uid(JsonObject value) => (string?)value["metadata"]!["uid"];
    }

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
        var reports = (await clusters.Management.HasAsync(
            Version, "DPUServiceInterface", "dead", "p1",
            i => i["status"]?["clusters"] is JsonArray { Count: 2 } all && Said(all[0]!) == ("clusters/c1", false, "its controller has not reported yet")))
            ["status"]!["clusters"]!.AsArray();
        Assert.Equal(("clusters/c2", false), (Said(reports[1]!).Item1, Said(reports[1]!).Item2));
        Assert.Contains("DPUCluster clusters/c2", Said(reports[1]!).Message, StringComparison.Ordinal);
        await Sets.ReportAsync(clusters.Dpu, "ServiceInterfaceSet", "dead", "p1", 1);
        await clusters.Management.HasAsync(
            Version, "DPUServiceInterface", "dead", "p1", i => Said(i["status"]!["clusters"]![0]!) == ("clusters/c1", true, null));
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

        static (string?, bool, string? Message) Said(System.Text.Json.Nodes.JsonNode report) =>
            ((string?)report["cluster"], (bool)report["ready"]!, (string?)report["message"]);
    }

    [Fact]
    public async Task Credentials_of_a_silent_cluster_are_given_up_with_it()
    {
        var (server, client) = await clusters.StartDpuClusterAsync();
        await clusters.AddClusterAsync("c3", server.AdminKubeconfig);
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: lost}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: r, namespace: lost}
            spec:
              serviceAccount: {name: account, namespace: lost}
              targetCluster: {name: c3, namespace: clusters}
              type: tokenFile
              secret: {name: answer, namespace: lost}
            """);
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", "lost", "r", "Ready");
        await client.HasAsync("v1", "ServiceAccount", "lost", "account");
        await clusters.SilenceAsync(server);
        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "lost", "r", Cancellation);
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", "lost", "r", "ServiceAccountReconciled", "False");

        // The Secret, at least, is gone at once.
        await clusters.Management.LosesAsync("v1", "Secret", "lost", "answer");
        await clusters.Management.DeleteAsync<DpuCluster>("clusters", "c3", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", "lost", "r");
    }

    [Fact]
    public async Task A_cluster_that_is_not_ready_for_a_while_keeps_what_it_has()
    {
        var (server, _) = await clusters.StartDpuClusterAsync();
        await clusters.AddClusterAsync("c4", server.AdminKubeconfig);
        await clusters.Management.ApplyYamlAsync(Service("1.0.0"));
        await clusters.ApplicationAsync("c4-kept");
        await Phase("Pending");
        await clusters.Management.ApplyYamlAsync(Service("2.0.0"));
        await clusters.ApplicationAsync("c1-kept", a => (string?)a["spec"]!["source"]!["targetRevision"] == "2.0.0");
        Assert.Null((await clusters.ApplicationAsync("c4-kept"))["metadata"]!["deletionTimestamp"]);
        await Phase("Ready");
        await clusters.ApplicationAsync("c4-kept", a => (string?)a["spec"]!["source"]!["targetRevision"] == "2.0.0");
        await clusters.Management.DeleteAsync<DpuCluster>("clusters", "c4", Cancellation);
        await clusters.Management.LosesAsync(FakeArgo.Version, "Application", TwoClusters.SystemNamespace, "c4-kept");

        Task Phase(string phase) => clusters.Management.PatchStatusAsync<DpuCluster>(
            "clusters", "c4", System.Text.Json.Nodes.JsonNode.Parse($$$"""{"status":{"phase":"{{{phase}}}"}}""")!, Cancellation);

        static string Service(string version) => $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: kept}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: kept, namespace: kept}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: svc, version: {{version}} } } }
            """;
    }

    [Fact]
    public async Task A_kubeconfig_that_cannot_be_used_is_named_without_its_content_and_may_be_replaced()
    {
        await clusters.AddClusterAsync("c5", "secret: nonsense");
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: rotated}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p0, namespace: rotated}
            spec: {template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
            """);
        var why = await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "rotated", "p0", "ServiceInterfaceSetReconciled", "False", "Secret clusters/c5-admin-kubeconfig");
        Assert.DoesNotContain("nonsense", why, StringComparison.Ordinal);
        var (server, client) = await clusters.StartDpuClusterAsync();
        await clusters.AddClusterAsync("c5", server.AdminKubeconfig);
        await client.HasAsync(Version, "ServiceInterfaceSet", "rotated", "p0");
        await clusters.Management.ConditionAsync("DPUServiceInterface", "rotated", "p0", "ServiceInterfaceSetReconciled");
        await clusters.Management.DeleteAsync<DpuCluster>("clusters", "c5", Cancellation);
    }

    [Fact]
    public async Task A_restart_changes_nothing_that_is_as_it_should_be()
    {
        await clusters.Management.ApplyYamlAsync(Physical("first"));
        var set = await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", "restart", "first");
        await Sets.ReportAsync(clusters.Dpu, "ServiceInterfaceSet", "restart", "first", (long)set["metadata"]!["generation"]!);
        await clusters.Management.ConditionAsync("DPUServiceInterface", "restart", "first", "ServiceInterfaceSetReady");
        await clusters.StopControllersAsync();
        var before = await Versions();
        await clusters.StartControllersAsync();
        await clusters.Management.ApplyYamlAsync(Physical("second"));
        await clusters.Management.ConditionAsync("DPUServiceInterface", "restart", "second", "ServiceInterfaceSetReconciled");
        Assert.Equal(before, await Versions());

        async Task<(string?, string?)> Versions() => (
            Revision(await clusters.Management.GetAsync(Version, "DPUServiceInterface", "restart", "first", Cancellation)),
            Revision(await clusters.Dpu.GetAsync(Version, "ServiceInterfaceSet", "restart", "first", Cancellation)));

        static string? Revision(System.Text.Json.Nodes.JsonObject? value) => (string?)value?["metadata"]!["resourceVersion"];

        static string Physical(string name) => $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: restart}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: {{name}}, namespace: restart}
            spec: {template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
            """;
    }

    [Fact]
    public async Task A_failure_is_an_event_for_users()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: told}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: svc, namespace: told}
            spec: {serviceID: id, interfaces: [none], helmChart: {source: {repoURL: "https://charts.example", chart: svc, version: 1.0.0} } }
            """);
        var events = await Eventually.SeeAsync(
            () => clusters.Management.ListAsync<k8s.Models.Corev1Event>("told", Cancellation), all => all.Count > 0);
        Assert.Contains(events, e => e is { Type: "Warning", Reason: "DPUServiceInterfaceReconciledError", InvolvedObject.Name: "svc" });
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
