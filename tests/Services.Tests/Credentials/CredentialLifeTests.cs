using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Services.Clusters;
using Dpf.Services.Credentials;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Services.Tests.Credentials;

/// <summary>The life of a DPUServiceCredentialRequest.</summary>
public sealed class CredentialLifeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_guides_request_gives_a_token_of_this_cluster_that_is_copied_to_DPU_clusters_renewed_and_revoked()
    {
        await clusters.Management.ApplyYamlAsync($$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: any, namespace: {{TwoClusters.SystemNamespace}} }
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: any, version: 1.0.0} } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: ovn-dpu, namespace: {{TwoClusters.SystemNamespace}} }
            spec:
              serviceAccount: {name: ovn-dpu, namespace: {{TwoClusters.SystemNamespace}} }
              duration: 24h
              type: tokenFile
              secret: {name: ovn-dpu, namespace: {{TwoClusters.SystemNamespace}} }
              metadata: {labels: {dpu.nvidia.com/image-pull-secret: ""} }
            """);
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", TwoClusters.SystemNamespace, "ovn-dpu", "Ready");
        var copy = (await Eventually.SeeAsync(
            () => clusters.Dpu.GetAsync<V1Secret>(TwoClusters.SystemNamespace, "ovn-dpu", Cancellation), s => s is not null))!;
        Assert.Equal(clusters.ManagementServer.CaPem, Text(copy, "KUBERNETES_CA_DATA"));
        Assert.Equal("127.0.0.1", Text(copy, "KUBERNETES_SERVICE_HOST"));
        Assert.Equal(new Uri(clusters.ManagementServer.Address).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), Text(copy, "KUBERNETES_SERVICE_PORT"));
        Assert.Equal("system:serviceaccount:dpf-operator-system:ovn-dpu", await WhoAsync(clusters.Management, Text(copy, "TOKEN_FILE")));
        var request = await RequestAsync(TwoClusters.SystemNamespace, "ovn-dpu");
        Assert.Equal("dpf-operator-system/ovn-dpu", request.Status!.ServiceAccount);
        Assert.Null(request.Status.TargetCluster);
        Assert.Equal(
            TimeSpan.FromHours(24), DateTimeOffset.Parse(request.Status.ExpirationTimestamp!, null) - DateTimeOffset.Parse(request.Status.IssuedAt!, null));

        // A Secret that somebody deleted is made again, with a token that works.
        await clusters.Management.DeleteAsync<V1Secret>(TwoClusters.SystemNamespace, "ovn-dpu", Cancellation);
        var again = await SecretAsync(TwoClusters.SystemNamespace, "ovn-dpu", s => s.Metadata.Uid != copy.Metadata.Uid);
        Assert.Equal("system:serviceaccount:dpf-operator-system:ovn-dpu", await WhoAsync(clusters.Management, Text(again, "TOKEN_FILE")));

        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", TwoClusters.SystemNamespace, "ovn-dpu", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", TwoClusters.SystemNamespace, "ovn-dpu");
        Assert.Null(await clusters.Management.GetAsync<V1ServiceAccount>(TwoClusters.SystemNamespace, "ovn-dpu", Cancellation));
        Assert.Null(await clusters.Management.GetAsync<V1Secret>(TwoClusters.SystemNamespace, "ovn-dpu", Cancellation));
        await clusters.Dpu.LosesAsync("v1", "Secret", TwoClusters.SystemNamespace, "ovn-dpu");
    }

    [Fact]
    public async Task A_request_for_a_DPU_cluster_gives_a_kubeconfig_of_it()
    {
        await clusters.Management.ApplyYamlAsync(Request("remote", "kubeconfig", "targetCluster: {name: c1, namespace: clusters}, duration: 1h"));
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", "remote", "r", "Ready");
        var secret = await SecretAsync("remote", "answer", _ => true);
        using var client = KubeClient.FromKubeconfig(Text(secret, "kubeconfig"));
        Assert.Equal("system:serviceaccount:remote:account", await WhoAsync(clusters.Dpu, client.Connection.Token!()!));
        Assert.Equal("clusters/c1", (await RequestAsync("remote", "r")).Status!.TargetCluster);
        Assert.Null(await clusters.Management.GetAsync<V1ServiceAccount>("remote", "account", Cancellation));

        // Asked of another cluster, the former one forgets the account.
        await clusters.Management.ApplyYamlAsync(Request("remote", "kubeconfig", "duration: 1h"));
        await clusters.Management.HasAsync("v1", "ServiceAccount", "remote", "account");
        await clusters.Dpu.LosesAsync("v1", "ServiceAccount", "remote", "account");
    }

    [Fact]
    public async Task A_token_is_renewed_when_it_is_due_and_not_before()
    {
        await clusters.Management.ApplyYamlAsync(Request("renewal", "tokenFile", "duration: 24h"));
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", "renewal", "r", "Ready");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var cache = new Cache(clusters.Management, TimeProvider.System, NullLoggerFactory.Instance);
        await using var clients = new ClusterClients(clusters.Management, null, TimeProvider.System, NullLoggerFactory.Instance);
        var links = new DpuClusterLinks(cache, clients, TimeProvider.System, NullLoggerFactory.Instance);
        var here = new TargetCluster("incluster", new Uri(clusters.ManagementServer.Address), clusters.ManagementServer.CaPem);
        var reconciler = new CredentialReconciler(
            cache, new CredentialTargets(clusters.Management, here, links),
            new EventRecorder(clusters.Management, "test", time, NullLogger.Instance), time, new Random(1));
        await cache.WaitForSyncAsync(Cancellation);
        var before = Text(await SecretAsync("renewal", "answer", _ => true), "TOKEN_FILE");

        time.Advance(TimeSpan.FromHours(19));
        var result = await reconciler.ReconcileAsync(new NamespacedName("renewal", "r"), Cancellation);
        Assert.Equal(before, Text(await SecretAsync("renewal", "answer", _ => true), "TOKEN_FILE"));
        Assert.InRange(result.After!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(13));

        time.Advance(result.After.Value);
        await reconciler.ReconcileAsync(new NamespacedName("renewal", "r"), Cancellation);
        Assert.NotEqual(before, Text(await SecretAsync("renewal", "answer", _ => true), "TOKEN_FILE"));
    }

    [Fact]
    public async Task Another_type_is_another_form_of_the_Secret_at_once()
    {
        await clusters.Management.ApplyYamlAsync(Request("forms", "tokenFile"));
        await SecretAsync("forms", "answer", s => s.Data.ContainsKey("TOKEN_FILE"));
        await clusters.Management.ApplyYamlAsync(Request("forms", "kubeconfig"));
        var secret = await SecretAsync("forms", "answer", s => s.Data.ContainsKey("kubeconfig"));
        Assert.DoesNotContain("TOKEN_FILE", secret.Data.Keys);
    }

    [Fact]
    public async Task A_Secret_of_others_is_not_written_over()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: theirs}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: answer, namespace: theirs}
            data: {precious: eA==}
            """);
        await clusters.Management.ApplyYamlAsync(Request("theirs", "tokenFile"));
        await clusters.Management.ConditionAsync("DPUServiceCredentialRequest", "theirs", "r", "SecretReconciled", "False", "is not this request's");
        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "theirs", "r", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", "theirs", "r");
        Assert.Equal(["precious"], (await SecretAsync("theirs", "answer", _ => true)).Data.Keys);
    }

    [Fact]
    public async Task An_account_that_two_requests_share_goes_with_the_last()
    {
        await clusters.Management.ApplyYamlAsync(Request("shared", "tokenFile") + "---\n" + Request("shared", "kubeconfig", name: "s", secret: "other"));
        await SecretAsync("shared", "answer", _ => true);
        await SecretAsync("shared", "other", _ => true);
        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "shared", "r", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", "shared", "r");
        Assert.NotNull(await clusters.Management.GetAsync<V1ServiceAccount>("shared", "account", Cancellation));
        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "shared", "s", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", "shared", "s");
        Assert.Null(await clusters.Management.GetAsync<V1ServiceAccount>("shared", "account", Cancellation));
    }

    [Fact]
    public async Task A_cluster_that_there_is_not_is_named()
    {
        await clusters.Management.ApplyYamlAsync(Request("nowhere", "tokenFile", "targetCluster: {name: none, namespace: clusters}"));
        await clusters.Management.ConditionAsync(
            "DPUServiceCredentialRequest", "nowhere", "r", "ServiceAccountReconciled", "False", "there is no DPUCluster clusters/none");
        await clusters.Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "nowhere", "r", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceCredentialRequest", "nowhere", "r");
    }

    private static string Request(string ns, string type, string more = "", string name = "r", string secret = "answer") => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ns}} }
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceCredentialRequest
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec: {serviceAccount: {name: account, namespace: {{ns}} }, type: {{type}}, secret: {name: {{secret}}, namespace: {{ns}} }{{(more.Length == 0 ? "" : ", " + more)}} }

        """;

    private static string Text(V1Secret secret, string key) => Encoding.UTF8.GetString(secret.Data[key]);

    private static async Task<string?> WhoAsync(KubeClient cluster, string token)
    {
        var review = await cluster.SendRawAsync(
            HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token },
            },
            Cancellation);
        return (string?)review?["status"]?["user"]?["username"];
    }

    private async Task<V1Secret> SecretAsync(string ns, string name, Func<V1Secret, bool> isAsExpected) => (await Eventually.SeeAsync(
        () => clusters.Management.GetAsync<V1Secret>(ns, name, Cancellation), s => s?.Data is not null && isAsExpected(s)))!;

    private async Task<DpuServiceCredentialRequest> RequestAsync(string ns, string name) =>
        (await clusters.Management.GetAsync<DpuServiceCredentialRequest>(ns, name, Cancellation))!;
}
