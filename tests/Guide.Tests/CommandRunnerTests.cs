using System.Text;
using System.Text.Json.Nodes;
using Dpf.Guide.Commands;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Guide.Tests;

/// <summary>The guide's own command lines on a whole API server.</summary>
public sealed class CommandRunnerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-guide-").FullName;
    private readonly NoCharts _charts = new();
    private TestCluster _cluster = null!;
    private CommandRunner _commands = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync("dpf-operator");
        _commands = new CommandRunner(
            _cluster.Client, _charts, new Dictionary<string, string> { ["NAME"] = "v", ["KEY"] = "pass word", ["URL"] = "https://charts.example.org" }, _folder,
            new Dictionary<string, string> { ["https://mirrored.example.org"] = "oci://here/mirror", ["https://code.example.org/x.tgz"] = "oci://here/x" },
            TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ManifestsAreAppliedWithTheirVariablesAndDeletedAgain()
    {
        Write("m/1.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: $NAME, unset: \"$NOPE\"}\n");
        Write("m/2.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: kube-system}\n");
        Write("m/ignored.txt", "nonsense");
        await RunAsync("cat m/*.yaml | envsubst | kubectl apply -f -");
        var map = await MapAsync("default", "a");
        Assert.Equal(("v", ""), (map!.Data["k"], map.Data["unset"]));
        Assert.Contains("\"k\":\"v\"", map.Metadata.Annotations["kubectl.kubernetes.io/last-applied-configuration"], StringComparison.Ordinal);
        Assert.NotNull(await MapAsync("kube-system", "b"));
        await RunAsync("kubectl delete -f m --wait");
        Assert.Null(await MapAsync("default", "a"));
        Assert.Null(await MapAsync("kube-system", "b"));
        await RunAsync("kubectl delete -f m --wait");
    }

    [Fact]
    public async Task AWaitForAPodThatHasNoNodeSaysWhy()
    {
        await _cluster.ApplyAsync("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {containers: [{name: c, image: i}]}");
        await NotYetAsync("kubectl wait --for=condition=ready --namespace default pods --all", "pods/p is not ready: Pending");
        await _cluster.Client.PatchStatusAsync<V1Pod>(
            "default", "p",
            JsonNode.Parse("{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":\"no node\"}]}}")!,
            Cancellation);
        await NotYetAsync("kubectl wait --for=condition=ready --namespace default pods --all", "pods/p is not ready: Pending: no node");
    }

    [Fact]
    public async Task AWaitLooksForTheStatusAskedForAndOnlyAtWhatIsSelected()
    {
        await _cluster.Client.CreateAsync(Node("worker", "worker", "True"), Cancellation);
        await _cluster.Client.CreateAsync(Node("other", "control-plane", "True"), Cancellation);
        const string Wait = "kubectl wait --for=condition=NetworkUnavailable=false nodes -l role=worker";
        var error = await Assert.ThrowsAsync<NotYetException>(() => RunAsync(Wait));
        Assert.Equal("nodes/worker is not NetworkUnavailable=false: m", error.Message);
        await _cluster.Client.ApplyStatusAsync(Node("worker", "worker", "False"), "test", Cancellation);
        await RunAsync(Wait);

        static V1Node Node(string name, string role, string status) => new()
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["role"] = role } },
            Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "NetworkUnavailable", Status = status, Message = "m" }] },
        };
    }

    [Fact]
    public async Task WhatWentWithItsKindIsDeleted()
    {
        Write("x.yaml", "apiVersion: example.org/v1\nkind: Gone\nmetadata: {name: a}\n");
        await RunAsync("kubectl delete -f x.yaml --wait");
    }

    [Fact]
    public async Task ADeletionWaitsUntilTheObjectIsGone()
    {
        await _cluster.ApplyAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default, finalizers: [example.org/wait]}");
        var deleting = RunAsync("kubectl delete -n default configmap a nothing --wait");
        await _cluster.Client.HasAsync("v1", "ConfigMap", "default", "a", m => m["metadata"]!["deletionTimestamp"] is not null);
        Assert.False(deleting.IsCompleted);
        await _cluster.Client.PatchAsync<V1ConfigMap>("default", "a", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, Cancellation);
        await deleting;
    }

    [Fact]
    public async Task APullSecretHoldsTheCredentialsAndIsLabelled()
    {
        await RunAsync("kubectl create ns x");
        await RunAsync("kubectl create ns x");
        await RunAsync("""kubectl -n x create secret docker-registry s --docker-server=nvcr.io --docker-username="\$oauthtoken" --docker-password=$KEY""");
        await RunAsync("""kubectl -n x label secret s dpu.nvidia.com/image-pull-secret="" """.Trim());
        var secret = await _cluster.Client.GetAsync<V1Secret>("x", "s", Cancellation);
        Assert.Equal("kubernetes.io/dockerconfigjson", secret!.Type);
        var auth = JsonNode.Parse(secret.Data[".dockerconfigjson"])!["auths"]!["nvcr.io"]!;
        Assert.Equal(("$oauthtoken", "pass word"), ((string?)auth["username"], (string?)auth["password"]));
        Assert.Equal("$oauthtoken:pass word", Encoding.UTF8.GetString(Convert.FromBase64String((string)auth["auth"]!)));
        Assert.Equal("", secret.Metadata.Labels["dpu.nvidia.com/image-pull-secret"]);
    }

    [Fact]
    public async Task AWaitSaysWhatIsMissing()
    {
        await NotYetAsync("kubectl wait --for=condition=Ready --namespace default nonsense --all", "resource type \"nonsense\"");
        await NotYetAsync("kubectl wait --for=condition=Ready --namespace default dpuservices --all", "there are no dpuservices yet");
        await NotYetAsync("kubectl wait --for=condition=Ready --namespace default dpuservices s", "dpuservices/s is not there yet");
        await _cluster.ApplyAsync("apiVersion: svc.dpu.nvidia.com/v1alpha1\nkind: DPUService\nmetadata: {name: s, namespace: default}\nspec: {helmChart: {source: {repoURL: \"oci://x/y\", chart: c, version: v1}}}");
        await NotYetAsync("kubectl wait --for=condition=Ready --namespace default dpuservices --all", "dpuservices/s is not Ready");
        await StatusAsync("False", "no pods");
        await NotYetAsync("kubectl wait --for=condition=ready --namespace default dpuservice s", "dpuservice/s is not ready: no pods");
        await StatusAsync("True", "");
        await RunAsync("kubectl wait --for=condition=ready --namespace default dpuservices --all");
    }

    [Fact]
    public async Task ARolloutIsDoneWhenItsPodsAreAvailable()
    {
        await _cluster.ApplyAsync("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: default}
            spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}
            """.Replace("}}", "} }", StringComparison.Ordinal));
        await NotYetAsync("kubectl rollout status --namespace default deployment d", "deployment/d is not observed yet");
        await _cluster.Client.PatchStatusAsync<V1Deployment>("default", "d", JsonNode.Parse("""{"status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}}""")!, Cancellation);
        await NotYetAsync("kubectl rollout status --namespace default deployment d", "deployment/d: 1 of 2 pods are available");
        await _cluster.Client.PatchStatusAsync<V1Deployment>("default", "d", JsonNode.Parse("""{"status": {"availableReplicas": 2}}""")!, Cancellation);
        await RunAsync("kubectl rollout status --namespace default deployment d");
    }

    [Fact]
    public async Task ChartsComeFromWhereTheGuideOrItsMirrorSays()
    {
        Write("v.yml", "name: $NAME\n");
        await RunAsync("helm registry login nvcr.io --username x --password $KEY");
        await RunAsync("helm repo add one $URL --force-update");
        await RunAsync("helm repo add two https://mirrored.example.org");
        await RunAsync("curl https://code.example.org/x.tgz | tar -xz --strip-components=3 x/deploy/chart/x/");
        await RunAsync("envsubst < v.yml | helm upgrade --install -n ns a oci://r/a --version v1 --values -");
        await RunAsync("helm upgrade --install --create-namespace --namespace ns b one/b --version 2 -f v.yml");
        await RunAsync("helm install -n ns c two/c");
        await RunAsync("helm install -n ns x ./x");
        await RunAsync("curl https://else.example.org/y.tgz | tar -xz --strip-components=3 y-1/deploy/chart/y/");
        await RunAsync("helm install -n ns y ./y");
        await RunAsync("helm uninstall -n ns a --wait");
        Assert.Equal(
            [
                "install a in ns from oci://r/a v1: name: v", "install b in ns (new) from https://charts.example.org b 2: name: $NAME",
                "install c in ns from oci://here/mirror/c : ", "install x in ns from oci://here/x : ",
                "install y in ns from https://else.example.org/y.tgz#y-1/deploy/chart/y : ", "uninstall a of ns",
            ],
            _charts.Calls);
    }

    [Theory]
    [InlineData("rm -rf x")]
    [InlineData("kubectl drain node")]
    [InlineData("helm rollback a")]
    public async Task OnlyTheGuidesCommandsAreCarriedOut(string line) =>
        Assert.Contains("is not a command of the guide", (await Assert.ThrowsAsync<FormatException>(() => RunAsync(line))).Message, StringComparison.Ordinal);

    private Task RunAsync(string line) => _commands.RunAsync(line, Cancellation);

    private async Task NotYetAsync(string line, string reason) =>
        Assert.Contains(reason, (await Assert.ThrowsAsync<NotYetException>(() => RunAsync(line))).Message, StringComparison.Ordinal);

    private Task<V1ConfigMap?> MapAsync(string ns, string name) => _cluster.Client.GetAsync<V1ConfigMap>(ns, name, Cancellation);

    private Task StatusAsync(string ready, string message) => _cluster.Client.SendRawAsync(
        HttpMethod.Patch, "/apis/svc.dpu.nvidia.com/v1alpha1/namespaces/default/dpuservices/s/status",
        new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready", ["status"] = ready, ["reason"] = "R", ["message"] = message, ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                }),
            },
        },
        Cancellation, "application/merge-patch+json");

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_folder, path))!);
        File.WriteAllText(Path.Combine(_folder, path), text);
    }
}
