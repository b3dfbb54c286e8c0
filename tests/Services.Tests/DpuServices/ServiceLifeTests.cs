using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Services.Admission;
using k8s.Models;

namespace Dpf.Services.Tests.DpuServices;

/// <summary>The life of a DPUService.</summary>
public sealed class ServiceLifeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Management => clusters.Management;

    [Fact]
    public async Task A_service_goes_to_the_cluster_with_its_secrets_and_is_taken_down_in_order()
    {
        await Management.ApplyYamlAsync(Service("life", "dts", "values: {image: {tag: v1}}") + """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: pull, namespace: life, labels: {dpu.nvidia.com/image-pull-secret: ""}, annotations: {note: stays here}}
            type: kubernetes.io/dockerconfigjson
            data: {.dockerconfigjson: e30=}
            """);
        var application = await clusters.ApplicationAsync("c1-dts");
        Assert.Equal("nvcr.io/charts", (string?)application["spec"]!["source"]!["repoURL"]);
        Assert.Equal("v1", (string?)application["spec"]!["source"]!["helm"]!["valuesObject"]!["image"]!["tag"]);
        Assert.Equal("life", (string?)application["metadata"]!["labels"]!["dpu.nvidia.com/dpuservice-namespace"]);
        var copy = await Copy("life", "pull");
        Assert.Equal("{}", Encoding.UTF8.GetString(copy.Data[".dockerconfigjson"]));
        Assert.Null(copy.Metadata.Annotations);
        await Management.ConditionAsync("DPUService", "life", "dts", "ApplicationsReconciled");
        await Management.ConditionAsync("DPUService", "life", "dts", "ApplicationsReady", "False", "c1-dts: Application is not yet deployed.");

        await clusters.ReportAsync("c1-dts", health: "Progressing");
        await Management.ConditionAsync("DPUService", "life", "dts", "ApplicationsReady", "False", "Progressing");
        await clusters.ReportAsync("c1-dts");
        await Management.ConditionAsync("DPUService", "life", "dts", "Ready");

        await Management.DeleteAsync(Version, "DPUService", "life", "dts", Cancellation);
        await Management.ConditionAsync("DPUService", "life", "dts", "ApplicationsReconciled", "False", "dpf-operator-system/c1-dts.argoproj.io");
        await clusters.FinishAsync("c1-dts");
        await Management.LosesAsync(Version, "DPUService", "life", "dts");
        await clusters.Dpu.LosesAsync("v1", "Secret", "life", "pull");
    }

    [Fact]
    public async Task Argo_CD_knows_the_cluster_by_the_name_that_Applications_use()
    {
        await Management.ApplyYamlAsync(Service("destinations", "known"));
        await clusters.ApplicationAsync("c1-known");
        var secret = await Management.HasAsync("v1", "Secret", TwoClusters.SystemNamespace, "clusters-c1");
        Assert.Equal("cluster", (string?)secret["metadata"]!["labels"]!["argocd.argoproj.io/secret-type"]);
        Assert.Equal("DPFOperatorConfig", (string?)secret["metadata"]!["ownerReferences"]![0]!["kind"]);
        string Text(string key) => Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]![key]!));
        Assert.Equal("c1", Text("name"));
        Assert.Equal(clusters.DpuServer.Address, Text("server"));
        Assert.NotNull(JsonNode.Parse(Text("config"))!["tlsClientConfig"]!["certData"]);
        var project = await Management.HasAsync(FakeArgo.Version, "AppProject", TwoClusters.SystemNamespace, "doca-platform-project-dpu");
        Assert.Equal("c1", (string?)project["spec"]!["destinations"]![0]!["name"]);
        await Management.HasAsync(FakeArgo.Version, "AppProject", TwoClusters.SystemNamespace, "doca-platform-project-host");
    }

    [Fact]
    public async Task What_others_change_is_put_right_at_once()
    {
        await Management.ApplyYamlAsync(Service("drift", "blueman", "values: {a: 1, nothing: null}") + """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: token, namespace: drift, labels: {dpu.nvidia.com/image-pull-secret: ""}}
            data: {token: b25l}
            """);
        await clusters.ApplicationAsync("c1-blueman");
        await clusters.PatchAsync("c1-blueman", JsonNode.Parse("""
            {"metadata":{"finalizers":null},"spec":{"project":"default","source":{"helm":{"valuesObject":{"a":2,"added":true}}}}}
            """)!.AsObject());
        var healed = await clusters.ApplicationAsync("c1-blueman", a => (string?)a["spec"]!["project"] == "doca-platform-project-dpu");
        Assert.Equal(1, (int)healed["spec"]!["source"]!["helm"]!["valuesObject"]!["a"]!);
        Assert.Null(healed["spec"]!["source"]!["helm"]!["valuesObject"]!["added"]);
        Assert.Contains("resources-finalizer.argocd.argoproj.io", healed["metadata"]!["finalizers"]!.AsArray().Select(f => (string)f!));

        await clusters.Dpu.DeleteAsync<V1Secret>("drift", "token", Cancellation);
        await Copy("drift", "token");
        await Management.PatchAsync<V1Secret>(
            "drift", "token", new JsonObject { ["data"] = new JsonObject { ["token"] = "dHdv" } }, Cancellation);
        await Eventually.SeeAsync(
            () => clusters.Dpu.GetAsync<V1Secret>("drift", "token", Cancellation),
            s => s is not null && Encoding.UTF8.GetString(s.Data["token"]) == "two");
    }

    [Fact]
    public async Task A_labelled_secret_that_nobody_copied_is_left_alone()
    {
        await clusters.Dpu.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: foreign}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: own, namespace: foreign, labels: {dpu.nvidia.com/image-pull-secret: ""}}
            """);
        await Management.ApplyYamlAsync(Service("foreign", "guest") + """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: copied, namespace: foreign, labels: {dpu.nvidia.com/image-pull-secret: ""}}
            """);
        await Copy("foreign", "copied");
        await Management.PatchAsync<V1Secret>(
            "foreign", "copied",
            JsonNode.Parse("""{"metadata":{"labels":{"dpu.nvidia.com/image-pull-secret":null}}}""")!, Cancellation);
        await clusters.Dpu.LosesAsync("v1", "Secret", "foreign", "copied");
        Assert.NotNull(await clusters.Dpu.GetAsync<V1Secret>("foreign", "own", Cancellation));
    }

    [Fact]
    public async Task A_service_of_the_management_cluster_is_ready_by_itself_and_needs_nothing_in_DPU_clusters()
    {
        await Management.ApplyYamlAsync(Service("here", "web", more: "deployInCluster: true") + """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: local, namespace: here, labels: {dpu.nvidia.com/image-pull-secret: ""}}
            """);
        var application = await clusters.ApplicationAsync("in-cluster-web");
        Assert.Equal("in-cluster", (string?)application["spec"]!["destination"]!["name"]);
        Assert.Equal("doca-platform-project-host", (string?)application["spec"]!["project"]);
        await clusters.ReportAsync("in-cluster-web");
        await Management.ConditionAsync("DPUService", "here", "web", "Ready");
        Assert.Null(await clusters.Dpu.GetAsync<V1Namespace>(null, "here", Cancellation));
        Assert.Null(await Management.GetAsync(FakeArgo.Version, "Application", TwoClusters.SystemNamespace, "c1-web", Cancellation));
    }

    [Fact]
    public async Task A_further_DPFOperatorConfig_stops_no_service_and_moves_no_pool()
    {
        // It comes first in every list.
        await Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: another}
            ---
            apiVersion: operator.dpu.nvidia.com/v1alpha1
            kind: DPFOperatorConfig
            metadata: {name: dpfoperatorconfig, namespace: another}
            spec: {provisioningController: {bfbPVCName: bfb-pvc} }
            """);
        await Management.ApplyYamlAsync(Service("another", "second"));
        Assert.Equal(TwoClusters.SystemNamespace, (string?)(await clusters.ApplicationAsync("c1-second"))["metadata"]!["namespace"]);
        var pool = JsonNode.Parse($$"""
            {"metadata":{"name":"pool","namespace":"{{TwoClusters.SystemNamespace}}"},
             "spec":{"ipv4Subnet":{"subnet":"10.0.0.0/24","gateway":"10.0.0.1","perNodeIPCount":4} } }
            """)!.AsObject();
        var answer = await new ServiceWebhooks(Management).AnswerAsync(
            new AdmissionRequest("CREATE", "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool", pool, null), Cancellation);
        Assert.True(answer.Allowed, answer.Message);
        await Management.DeleteAsync("operator.dpu.nvidia.com/v1alpha1", "DPFOperatorConfig", "another", "dpfoperatorconfig", Cancellation);
    }

    [Fact]
    public async Task An_Application_of_another_service_that_no_cache_knows_yet_is_not_taken_over()
    {
        // Without the label that caches select by it is as unknown as one that was made a moment ago.
        await Management.ApplyYamlAsync($$"""
            apiVersion: {{FakeArgo.Version}}
            kind: Application
            metadata:
              name: c1-unseen
              namespace: {{TwoClusters.SystemNamespace}}
              labels: {dpu.nvidia.com/dpuservice-name: unseen, dpu.nvidia.com/dpuservice-namespace: first, dpu.nvidia.com/cluster: c1}
            spec: {project: default, destination: {name: c1, namespace: first}, source: {repoURL: "https://example.org", chart: unseen, targetRevision: "1"} }
            """);
        await Management.ApplyYamlAsync(Service("second", "unseen"));
        Assert.Equal("second", (string?)(await clusters.ApplicationAsync("c1-second-unseen"))["spec"]!["destination"]!["namespace"]);
        Assert.Equal("first", (string?)(await clusters.ApplicationAsync("c1-unseen"))["spec"]!["destination"]!["namespace"]);
        await Management.DeleteAsync(FakeArgo.Version, "Application", TwoClusters.SystemNamespace, "c1-unseen", Cancellation);
    }

    [Fact]
    public async Task Services_of_one_name_in_two_namespaces_do_not_fight()
    {
        await Management.ApplyYamlAsync(Service("one", "same"));
        await clusters.ApplicationAsync("c1-same");
        await Management.ApplyYamlAsync(Service("two", "same"));
        var second = await clusters.ApplicationAsync("c1-two-same");
        Assert.Equal("two", (string?)second["spec"]!["destination"]!["namespace"]);
        Assert.Equal("one", (string?)(await clusters.ApplicationAsync("c1-same"))["spec"]!["destination"]!["namespace"]);
    }

    [Fact]
    public async Task A_paused_service_is_left_as_it_is_and_says_why_it_does_not_go()
    {
        await Management.ApplyYamlAsync(Service("pause", "quiet"));
        await clusters.ApplicationAsync("c1-quiet");
        await PauseAsync(true);
        await clusters.ApplicationAsync("c1-quiet", IsSkipped);
        await clusters.ReportAsync("c1-quiet", health: "Degraded");
        await Management.ConditionAsync("DPUService", "pause", "quiet", "ApplicationsReady", "False", "Degraded");

        await Management.DeleteAsync(Version, "DPUService", "pause", "quiet", Cancellation);
        await Management.ConditionAsync("DPUService", "pause", "quiet", "ApplicationsReconciled", "False", "spec.paused is true");
        await PauseAsync(false);
        await clusters.FinishAsync("c1-quiet");
        await Management.LosesAsync(Version, "DPUService", "pause", "quiet");

        await Management.ApplyYamlAsync(Service("pause", "again", more: "paused: true"));
        await Management.ConditionAsync("DPUService", "pause", "again", "ApplicationsReady", "False");
        await Management.ApplyYamlAsync(Service("pause", "again", more: "paused: false"));
        await clusters.ApplicationAsync("c1-again", a => !IsSkipped(a));

        async Task PauseAsync(bool isPaused) => await Management.PatchAsync<Api.Services.DpuService>(
            "pause", "quiet", new JsonObject { ["spec"] = new JsonObject { ["paused"] = isPaused } }, Cancellation);
    }

    [Fact]
    public async Task A_service_waits_for_its_interface_holds_it_and_lets_it_go()
    {
        await Management.ApplyYamlAsync(Service("ifs", "hbn", more: "serviceID: hbn, interfaces: [p0-if]"));
        await Management.ConditionAsync("DPUService", "ifs", "hbn", "DPUServiceInterfaceReconciled", "False", "there is no DPUServiceInterface ifs/p0-if");
        await Management.ApplyYamlAsync(Interface("p0-if", "p0_if") + "---\n" + Interface("p1-if", "p1_if"));
        var application = await clusters.ApplicationAsync("c1-hbn");
        var settings = application["spec"]!["source"]!["helm"]!["valuesObject"]!["serviceDaemonSet"]!;
        Assert.Equal("hbn", (string?)settings["labels"]!["svc.dpu.nvidia.com/service"]);
        Assert.Equal(
            """[{"name":"mybrhbn","namespace":"default","interface":"p0_if","cni-args":null}]""",
            (string?)settings["annotations"]!["k8s.v1.cni.cncf.io/networks"]);
        await Consumer("p0-if", "hbn");

        await Management.ApplyYamlAsync(Service("ifs", "other", more: "serviceID: hbn, interfaces: [p0-if]"));
        await Management.ConditionAsync("DPUService", "ifs", "other", "DPUServiceInterfaceReconciled", "False", "in use by DPUService hbn");
        await Management.ApplyYamlAsync(Service("ifs", "hbn", more: "serviceID: hbn, interfaces: [p1-if]"));
        await Consumer("p1-if", "hbn");
        await Consumer("p0-if", "other");

        await Management.DeleteAsync(Version, "DPUService", "ifs", "hbn", Cancellation);
        await clusters.FinishAsync("c1-hbn");
        await Consumer("p1-if", null);

        Task Consumer(string name, string? consumer) => Management.HasAsync(
            Version, "DPUServiceInterface", "ifs", name,
            i => (string?)i["metadata"]!["annotations"]?["dpu.nvidia.com/consumed-by"] == consumer);
    }

    private static bool IsSkipped(JsonObject application) =>
        (string?)application["metadata"]!["annotations"]?["argocd.argoproj.io/skip-reconcile"] == "true";

    private static string Interface(string name, string device) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceInterface
        metadata: {name: {{name}}, namespace: ifs}
        spec:
          template:
            spec:
              template:
                spec:
                  interfaceType: service
                  service: {serviceID: hbn, network: default/mybrhbn, interfaceName: {{device}} }

        """;

    private static string Service(string ns, string name, string? values = null, string? more = null) => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ns}} }
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUService
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec: {helmChart: {source: {repoURL: "oci://nvcr.io/charts", chart: {{name}}, version: 1.0.0}{{(values is null ? "" : ", " + values)}} }{{(more is null ? "" : ", " + more)}} }

        """;

    private Task<V1Secret> Copy(string ns, string name) =>
        Eventually.SeeAsync(() => clusters.Dpu.GetAsync<V1Secret>(ns, name, Cancellation), s => s is not null)!;
}
