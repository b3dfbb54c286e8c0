using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Argo;
using Dpf.Services.DpuServices;
using Dpf.Services.PullSecrets;
using k8s;
using k8s.Models;

namespace Dpf.Services.Tests.KnownWeakSpots;

/// <summary>What goes wrong in the original between a DPUService and Argo CD. D2, D8 and D9 are told by <see cref="Clusters.ClusterChangeTests"/>.</summary>
public sealed class ServiceWeakSpotsTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Management => clusters.Management;

    [Fact]
    public async Task D1_an_in_cluster_service_is_ready_by_its_own_Application_and_D7_needs_no_Secret_in_DPU_clusters()
    {
        await Management.ApplyYamlAsync(Service("d1", "web", "deployInCluster: true") + """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: pull, namespace: d1, labels: {dpu.nvidia.com/image-pull-secret: ""} }
            """);
        Assert.Contains(
            "in-cluster-web", await Management.ConditionAsync("DPUService", "d1", "web", "ApplicationsReady", "False", "web"), StringComparison.Ordinal);
        await clusters.ReportAsync("in-cluster-web");
        await Management.ConditionAsync("DPUService", "d1", "web", "Ready");
        Assert.Null(await clusters.Dpu.GetAsync<V1Namespace>(null, "d1", Cancellation));
    }

    [Fact]
    public async Task D3_two_services_of_one_name_have_an_Application_each()
    {
        await Management.ApplyYamlAsync(Service("d3a", "same"));
        await clusters.ApplicationAsync("c1-same");
        await Management.ApplyYamlAsync(Service("d3b", "same"));
        await clusters.ApplicationAsync("c1-d3b-same");
    }

    [Fact]
    public async Task D5_what_Argo_CD_is_doing_with_an_Application_survives_our_writing()
    {
        await Management.ApplyYamlAsync(Service("d5", "busy"));
        await clusters.ApplicationAsync("c1-busy");
        await clusters.PatchAsync("c1-busy", JsonNode.Parse("""{"operation":{"sync":{}},"metadata":{"labels":{"dpu.nvidia.com/dpuservice-name":"busy","mine":"stays"}}}""")!.AsObject());
        await Management.ApplyYamlAsync(Service("d5", "busy", version: "2.0.0"));
        var application = await clusters.ApplicationAsync("c1-busy", a => (string?)a["spec"]!["source"]!["targetRevision"] == "2.0.0");
        Assert.NotNull(application["operation"]);
        Assert.Equal("stays", (string?)application["metadata"]!["labels"]!["mine"]);
    }

    [Fact]
    public void D6_building_values_changes_nothing_in_the_service()
    {
        var service = Read.Yaml<DpuService>(
            "metadata: {name: s}\nspec: {serviceID: id, serviceDaemonSet: {labels: {a: b} }, helmChart: {source: {repoURL: 'https://h', chart: c, version: '1'}, values: {a: 1} } }");
        var before = KubernetesJson.Serialize(service);
        var values = ServiceValues.Of(service, [new JsonObject { ["name"] = "n", ["interface"] = "i" }]);
        Assert.Equal("id", (string?)values["serviceDaemonSet"]!["labels"]!["svc.dpu.nvidia.com/service"]);
        Assert.Equal(before, KubernetesJson.Serialize(service));
    }

    [Fact]
    public async Task D10_an_interface_that_comes_later_is_taken_at_once_D11_and_let_go_when_it_is_dropped_D12_by_its_annotation_alone()
    {
        await Management.ApplyYamlAsync(Service("d10", "hbn", "serviceID: hbn, interfaces: [one]"));
        await Management.ConditionAsync("DPUService", "d10", "hbn", "DPUServiceInterfaceReconciled", "False", "there is no DPUServiceInterface d10/one");
        await Management.ApplyYamlAsync(Interface("one") + "---\n" + Interface("two"));
        var claimed = await ConsumerAsync("one", "hbn");
        var written = claimed["metadata"]!["managedFields"]!.AsArray().Single(f => (string?)f!["manager"] == "dpuservice-manager")!["fieldsV1"]!.AsObject();
        Assert.Equal(["f:metadata"], written.Select(f => f.Key));
        Assert.Equal(["f:annotations"], written["f:metadata"]!.AsObject().Select(f => f.Key));
        await Management.ApplyYamlAsync(Service("d10", "hbn", "serviceID: hbn, interfaces: [two]"));
        await ConsumerAsync("two", "hbn");
        await ConsumerAsync("one", null);

        Task<JsonObject> ConsumerAsync(string name, string? consumer) => Management.HasAsync(
            Version, "DPUServiceInterface", "d10", name, i => (string?)i["metadata"]!["annotations"]?["dpu.nvidia.com/consumed-by"] == consumer);

        static string Interface(string name) => $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: {{name}}, namespace: d10}
            spec: {template: {spec: {template: {spec: {interfaceType: service, service: {serviceID: hbn, network: n, interfaceName: {{name}} } } } } } }

            """;
    }

    [Fact]
    public async Task D13_a_paused_service_says_why_it_does_not_go_and_D14_one_that_somebody_else_holds_is_left_alone()
    {
        await Management.ApplyYamlAsync(Service("d13", "quiet", "paused: true", finalizers: "example.org/other"));
        await Management.HasAsync(Version, "DPUService", "d13", "quiet", s => Eventually.Condition(s, "ApplicationsReady") is not null);
        await Management.DeleteAsync(Version, "DPUService", "d13", "quiet", Cancellation);
        var held = await Management.HasAsync(Version, "DPUService", "d13", "quiet", s => s["metadata"]!["deletionTimestamp"] is not null);
        Assert.Equal(["example.org/other"], held["metadata"]!["finalizers"]!.AsArray().Select(f => (string?)f));
        await Management.PatchAsync<DpuService>("d13", "quiet", JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Cancellation);
        await Management.LosesAsync(Version, "DPUService", "d13", "quiet");
    }

    [Fact]
    public async Task D15_the_message_of_a_service_tells_the_cause_and_no_commands()
    {
        await Management.ApplyYamlAsync(Service("d15", "sick"));
        await clusters.ApplicationAsync("c1-sick");
        await clusters.PatchAsync("c1-sick", JsonNode.Parse("""
            {"status":{"sync":{"status":"Synced"},"health":{"status":"Degraded"},
             "resources":[{"kind":"DaemonSet","name":"sick","health":{"status":"Degraded"}}],"conditions":[{"type":"X","message":"image not found"}]}}
            """)!.AsObject());
        var why = await Management.ConditionAsync("DPUService", "d15", "sick", "ApplicationsReady", "False", "image not found");
        Assert.Contains("DaemonSet sick is Degraded", why, StringComparison.Ordinal);
        Assert.DoesNotContain("kubectl", why, StringComparison.Ordinal);
    }

    [Fact]
    public void D18_a_kubeconfig_with_a_token_is_as_good_as_one_with_a_certificate_and_D4_Argo_CD_knows_it_by_the_DPUClusters_name()
    {
        var secret = ClusterSecret.Of(
            new NamespacedName("ns", "static"), "static", "argo", new KubeConnection { Server = new Uri("https://c"), Token = () => "secret" });
        Assert.Equal("static", Encoding.UTF8.GetString(secret.Data["name"]));
        Assert.Contains("\"bearerToken\":\"secret\"", Encoding.UTF8.GetString(secret.Data["config"]), StringComparison.Ordinal);
    }

    [Fact]
    public void D18_a_kubeconfig_whose_credentials_come_from_a_program_says_so()
    {
        var refusal = Assert.Throws<FormatException>(() => KubeConnection.FromKubeconfig("""
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
            users: [{name: u, user: {exec: {command: aws}}}]
            """));
        Assert.Contains("put a token or a client certificate in it", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task D17_a_namespace_that_a_service_made_stays_with_what_others_have_in_it()
    {
        await Management.ApplyYamlAsync(Service("d17", "passes"));
        await clusters.ApplicationAsync("c1-passes");
        await clusters.Dpu.ApplyYamlAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs, namespace: d17}");
        await Management.DeleteAsync(Version, "DPUService", "d17", "passes", Cancellation);
        await clusters.FinishAsync("c1-passes");
        await Management.LosesAsync(Version, "DPUService", "d17", "passes");
        Assert.Equal("Active", (await clusters.Dpu.GetAsync<V1Namespace>(null, "d17", Cancellation))!.Status.Phase);
        Assert.NotNull(await clusters.Dpu.GetAsync<V1ConfigMap>("d17", "theirs", Cancellation));
    }

    [Fact]
    public void D19_a_failed_sync_is_tried_again()
    {
        var application = ArgoObjects.Application(new ApplicationSource("s", "ns", "https://h", "1", "c", null, null, []), "c1", "argo");
        Assert.Equal(-1, (int)application["spec"]!["syncPolicy"]!["retry"]!["limit"]!);
    }

    [Fact]
    public void D20_the_short_form_of_networks_is_read_and_a_network_with_two_slashes_is_an_error()
    {
        Assert.Equal(
            """[{"name":"own","namespace":"a","interface":"net1","cni-args":null},{"name":"wanted","interface":"eth1","cni-args":null}]""",
            NetworkAnnotation.Merge("a/own@net1", [new JsonObject { ["name"] = "wanted", ["interface"] = "eth1" }]));
        Assert.Throws<FormatException>(() => NetworkAnnotation.Element(new ServiceInterfaceService { Network = "a/b/c", InterfaceName = "i" }));
    }

    [Fact]
    public void D21_a_Secret_that_somebody_else_made_is_no_copy()
    {
        Assert.False(PullSecretCopy.IsCopy(new V1Secret { Metadata = new V1ObjectMeta { ManagedFields = [new V1ManagedFieldsEntry { Manager = "kubectl" }] } }));
        Assert.True(PullSecretCopy.IsCopy(new V1Secret { Metadata = new V1ObjectMeta { ManagedFields = [new V1ManagedFieldsEntry { Manager = "dpuservice-manager" }] } }));
    }

    private static string Service(string ns, string name, string more = "paused: false", string version = "1.0.0", string? finalizers = null) => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ns}} }
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUService
        metadata: {name: {{name}}, namespace: {{ns}}{{(finalizers is null ? "" : $", finalizers: [{finalizers}]")}} }
        spec: {helmChart: {source: {repoURL: "https://charts.example", chart: {{name}}, version: {{version}} } }, {{more}} }

        """;
}
