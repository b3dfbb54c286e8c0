using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Operator.Inventory;
using Dpf.Operator.Reconciling;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Operator.Tests.Reconciling;

public sealed class OperatorConfigTests : IAsyncLifetime
{
    private const string Ns = "dpf-operator-system";
    private static readonly NamespacedName Key = new(Ns, "dpfoperatorconfig");
    private TestCluster _cluster = null!;
    private OperatorConfigReconciler _reconciler = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Client => _cluster.Client;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync("dpf-operator", "cert-manager");
        _reconciler = Fresh();
        await _cluster.ApplyAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Ns}}}");
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task ASystemIsDeployedAndReportsReadyWhenItsWorkloadsAre()
    {
        await ConfigureAsync(Spec);
        await ReconcileAsync();

        // The flavor that comes with the system waits for the webhook, which no pod answers here.
        Assert.StartsWith("provisioning-controller: ", (await ConditionsAsync()).Find("SystemComponentsReconciled")!.Message, StringComparison.Ordinal);
        await SilenceWebhooksAsync();
        await ReconcileAsync();
        Assert.Equal(ComponentInventory.All.Where(c => c.Name != "static-cluster-manager").Select(c => c.Workload.Name).Order(StringComparer.Ordinal), await WorkloadsAsync());
        var conditions = await ConditionsAsync();
        Assert.True(conditions.IsTrue("SystemComponentsReconciled"));
        Assert.Contains("multus: DPUService multus has not reported yet", conditions.Find("SystemComponentsReady")!.Message, StringComparison.Ordinal);
        Assert.Equal(("False", "Pending"), (conditions.Find("Ready")!.Status, conditions.Find("Ready")!.Reason));
        await MakeReadyAsync();
        await ReconcileAsync();
        Assert.Equal(["Success"], (await ConditionsAsync()).Select(c => c.Reason).Distinct());
        Assert.Equal(1, (await ConfigAsync())!.Status!.ObservedGeneration);
    }

    [Fact]
    public async Task AComponentThatIsDisabledLaterIsTakenAway()
    {
        await ConfigureAsync(Spec);
        await ReconcileAsync();
        await ConfigureAsync(Spec + "\n  flannel: {disable: true}");
        await ReconcileAsync();
        Assert.DoesNotContain("flannel", await WorkloadsAsync());
        Assert.Null(await Client.GetAsync<V1Secret>(Ns, "flannel-applyset", Cancellation));
        Assert.Contains("multus", await WorkloadsAsync());
    }

    [Fact]
    public async Task AMissingPullSecretStopsTheDeploymentAndIsNamed()
    {
        await ConfigureAsync(Spec + "\n  imagePullSecrets: [registry]");
        await ReconcileAsync();
        var condition = (await ConditionsAsync()).Find("ImagePullSecretsReconciled")!;
        Assert.Equal(("False", "Error"), (condition.Status, condition.Reason));
        Assert.Contains($"Secret {Ns}/registry does not exist", condition.Message, StringComparison.Ordinal);
        Assert.Empty(await WorkloadsAsync());
        Assert.Equal(
            ["ImagePullSecretsReconciled Error", "Ready Pending", "SystemComponentsReady Error", "SystemComponentsReconciled Pending"],
            (await ConditionsAsync()).Select(c => $"{c.Type} {c.Reason}").Order(StringComparer.Ordinal));
        await SecretAsync("registry");
        await SecretAsync("theirs", "dpu.nvidia.com/image-pull-secret: \"\"");
        await ReconcileAsync();
        Assert.True((await ConditionsAsync()).IsTrue("ImagePullSecretsReconciled"));
        Assert.Equal(["registry", "theirs"], await MarkedAsync());
        await ConfigureAsync(Spec);
        await ReconcileAsync();
        Assert.Equal(["theirs"], await MarkedAsync());
    }

    [Fact]
    public async Task OneBrokenComponentDoesNotHoldUpTheOthers()
    {
        await ConfigureAsync(Spec + "\n  multus: {helmChart: \"oci://no-version/chart\"}");
        await ReconcileAsync();
        var condition = (await ConditionsAsync()).Find("SystemComponentsReconciled")!;
        Assert.Equal(("False", "Error"), (condition.Status, condition.Reason));
        Assert.Contains("multus: helm chart 'oci://no-version/chart': expected", condition.Message, StringComparison.Ordinal);
        Assert.Contains("ovs-helper", await WorkloadsAsync());
    }

    [Fact]
    public async Task APausedConfigurationIsLeftAloneAndSaysSo()
    {
        await ConfigureAsync(Spec + "\n  overrides: {paused: true}");
        await ReconcileAsync();
        Assert.Empty(await WorkloadsAsync());
        Assert.Null((await ConfigAsync())!.Metadata.Finalizers);
        var conditions = (await ConditionsAsync()).ToList();
        Assert.Equal(4, conditions.Count);
        Assert.Equal(("Unknown", "Paused", "spec.overrides.paused is true: nothing is looked at or changed"), Said(conditions.Find("Ready")!));
        Assert.All(conditions.Where(c => c.Type != "Ready"), c => Assert.Equal(("Unknown", "Pending"), (c.Status, c.Reason)));

        await ConfigureAsync(Spec);
        await ReconcileAsync();
        Assert.NotEmpty(await WorkloadsAsync());
        await ConfigureAsync(Spec + "\n  overrides: {paused: true}\n  flannel: {disable: true}");
        await ReconcileAsync();
        Assert.Contains("flannel", await WorkloadsAsync());
        Assert.Equal("Paused", (await ConditionsAsync()).Find("Ready")!.Reason);
    }

    [Fact]
    public async Task APausedConfigurationCanBeDeleted()
    {
        await ConfigureAsync(Spec);
        await ReconcileAsync();
        await ConfigureAsync(Spec + "\n  overrides: {paused: true}");
        await ReconcileAsync();
        await Client.DeleteAsync<DpfOperatorConfig>(Ns, Key.Name, Cancellation);
        await UntilGoneAsync();
        Assert.Empty(await WorkloadsAsync());
    }

    [Fact]
    public async Task AnotherConfigurationIsIgnoredAndSaysSo()
    {
        await ConfigureAsync(Spec, "another");
        await _reconciler.ReconcileAsync(new NamespacedName(Ns, "another"), Cancellation);
        Assert.Empty(await WorkloadsAsync());
        var another = await Client.GetAsync<DpfOperatorConfig>(Ns, "another", Cancellation);
        Assert.Null(another!.Metadata.Finalizers);
        Assert.Equal(
            ("False", "Failure", "ignored: this operator looks after DPFOperatorConfig dpf-operator-system/dpfoperatorconfig alone; delete this one"),
            Said(another.Status!.Conditions.Find("Ready")!));
        Assert.Equal(1, another.Status!.ObservedGeneration);
        Assert.Equal("another", Assert.Single(await EventsAsync("Ready")).InvolvedObject.Name);
        await _reconciler.ReconcileAsync(new NamespacedName(Ns, "nothing"), Cancellation);
    }

    [Fact]
    public async Task EveryTurnIsAnEventOnce()
    {
        await ConfigureAsync(Spec + "\n  imagePullSecrets: [registry]");
        await ReconcileAsync();
        await ReconcileAsync();
        Assert.Equal(1, Assert.Single(await EventsAsync("ImagePullSecretsReconciled")).Count);
        await SecretAsync("registry");
        await ReconcileAsync();
        await SilenceWebhooksAsync();
        await ReconcileAsync();
        await MakeReadyAsync();
        await ReconcileAsync();
        Assert.Equal("Normal", Assert.Single(await EventsAsync("Ready")).Type);
    }

    [Fact]
    public async Task TheSystemGoesUsersBeforeTheUsed()
    {
        await ConfigureAsync(Spec);
        await DeployedByUsersAsync();
        await ReconcileAsync();
        await Client.DeleteAsync<DpfOperatorConfig>(Ns, Key.Name, Cancellation);

        await ReconcileAsync();
        Assert.True(await IsDeletingAsync("DPUDeployment", "d"));
        Assert.False(await IsDeletingAsync("DPUService", "s"));
        var condition = (await ConditionsAsync()).Find("SystemComponentsReconciled")!;
        Assert.Equal(("AwaitingDeletion", "waiting for the end of DPUDeployment default/d"), (condition.Reason, condition.Message));

        await ReleaseAsync("DPUDeployment", "d");
        await ReconcileAsync();
        Assert.True(await IsDeletingAsync("DPUService", "s"));
        await ReleaseAsync("DPUService", "s");

        await UntilGoneAsync();

        Assert.Empty(await WorkloadsAsync());
        Assert.DoesNotContain(await Client.ListAsync<V1Secret>(Ns, Cancellation), s => s.Metadata.Name.EndsWith("-applyset", StringComparison.Ordinal));
        Assert.DoesNotContain(await Client.ListAsync<V1ClusterRole>(null, Cancellation), r => r.Metadata.Labels?.ContainsKey(ApplySetLabels.Component) == true);
    }

    [Fact]
    public async Task DpusGoBeforeWhatTheyNeedAndWhatSomebodyDisabledGoesToo()
    {
        await ConfigureAsync(Spec);
        await ReconcileAsync();
        await SilenceWebhooksAsync();
        await _cluster.ApplyAsync(Provisioned);

        // Disabled, and not yet taken away when the end begins.
        await ConfigureAsync(Spec + "\n  dpuDetector: {disable: true}");
        await Client.DeleteAsync<DpfOperatorConfig>(Ns, Key.Name, Cancellation);
        foreach (var (kind, next) in new[] { ("DPUSet", "DPU"), ("DPU", "DPUCluster"), ("DPUCluster", null) })
        {
            for (var pass = 0; pass < 5 && !await IsDeletingAsync(kind, "x", Provisioning); pass++)
            {
                await ReconcileAsync();
            }

            Assert.True(await IsDeletingAsync(kind, "x", Provisioning), kind);
            Assert.True(next is null || !await IsDeletingAsync(next, "x", Provisioning), next);
            Assert.Equal(("False", "AwaitingDeletion"), (ReadyOf(await ConditionsAsync()).Status, ReadyOf(await ConditionsAsync()).Reason));
            Assert.Contains("dpf-provisioning-controller-manager", await WorkloadsAsync());
            await ReleaseAsync(kind, "x", Provisioning);
        }

        await UntilGoneAsync();
        Assert.Empty(await WorkloadsAsync());
        Assert.Empty(await Client.ListAsync<Dpf.Api.Provisioning.Bfb>(null, Cancellation));
    }

    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";

    private const string Provisioned = """
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUSet
        metadata: {name: x, namespace: default, finalizers: [example.org/wait]}
        spec: {}
        ---
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPU
        metadata: {name: x, namespace: default, finalizers: [example.org/wait]}
        spec: {nodeName: n, bfb: b}
        ---
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUCluster
        metadata: {name: x, namespace: default, finalizers: [example.org/wait]}
        spec: {type: static, version: v1.30.2}
        ---
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: BFB
        metadata: {name: x, namespace: default}
        spec: {url: "http://example.org/a.bfb"}
        """;

    private const string Spec = "\n  provisioningController: {bfbPVCName: bfb-pvc}";

    private OperatorConfigReconciler Fresh() => new(Client, Key, new ReleaseDefaults(), TimeProvider.System, NullLogger.Instance);

    private static V1Condition ReadyOf(IEnumerable<V1Condition> conditions) => conditions.Find("Ready")!;

    private static (string Status, string Reason, string Message) Said(V1Condition condition) => (condition.Status, condition.Reason, condition.Message);

    private async Task<IReadOnlyList<Corev1Event>> EventsAsync(string reason) =>
        [.. (await Client.ListAsync<Corev1Event>(Ns, Cancellation)).Where(e => e.Reason == reason)];

    /// <summary>The operator may be killed between any two steps.</summary>
    private async Task UntilGoneAsync()
    {
        while (await ConfigAsync() is not null)
        {
            _reconciler = Fresh();
            await ReconcileAsync();
        }
    }

    private Task<Result> ReconcileAsync() => _reconciler.ReconcileAsync(Key, Cancellation);

    private Task ConfigureAsync(string spec, string name = "dpfoperatorconfig") => _cluster.ApplyAsync(
        $"apiVersion: operator.dpu.nvidia.com/v1alpha1\nkind: DPFOperatorConfig\nmetadata: {{name: {name}, namespace: {Ns}}}\nspec:{spec}");

    private Task<DpfOperatorConfig?> ConfigAsync() => Client.GetAsync<DpfOperatorConfig>(Ns, Key.Name, Cancellation);

    private async Task<IEnumerable<V1Condition>> ConditionsAsync() => (await ConfigAsync())!.Status!.Conditions!;

    private async Task<IEnumerable<string>> WorkloadsAsync()
    {
        var all = new List<string>();
        foreach (var (version, kind) in new[] { ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"), ("svc.dpu.nvidia.com/v1alpha1", "DPUService") })
        {
            all.AddRange((await Client.ListAsync(version, kind, Ns, Cancellation)).Select(o => (string)o["metadata"]!["name"]!));
        }

        return all.Order(StringComparer.Ordinal);
    }

    // They match no namespace: a field that the operator's manifests leave to others.
    private async Task SilenceWebhooksAsync()
    {
        foreach (var kind in new[] { "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration" })
        {
            var (type, _) = await Client.MapAsync("admissionregistration.k8s.io/v1", kind, Cancellation);
            foreach (var configuration in await Client.ListAsync(type.ApiVersion, kind, null, Cancellation))
            {
                var webhooks = configuration["webhooks"]!.DeepClone().AsArray();
                foreach (var webhook in webhooks)
                {
                    webhook!["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["never"] = "so" } };
                }

                await Client.SendRawAsync(
                    HttpMethod.Patch, type.Path(null, (string)configuration["metadata"]!["name"]!), new JsonObject { ["webhooks"] = webhooks },
                    Cancellation, "application/merge-patch+json");
            }
        }
    }

    private async Task MakeReadyAsync()
    {
        foreach (var workload in ComponentInventory.All.Where(c => !c.NeedsBlock).Select(c => c.Workload))
        {
            JsonObject status = workload.Kind switch
            {
                "Deployment" => new() { ["observedGeneration"] = 1, ["replicas"] = 1, ["readyReplicas"] = 1, ["updatedReplicas"] = 1 },
                "DaemonSet" => new()
                {
                    ["observedGeneration"] = 1, ["desiredNumberScheduled"] = 1, ["numberReady"] = 1, ["updatedNumberScheduled"] = 1, ["currentNumberScheduled"] = 1, ["numberMisscheduled"] = 0,
                },
                _ => new()
                {
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Ready", ["status"] = "True", ["reason"] = "Success", ["message"] = "", ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                    }),
                },
            };
            var (type, _) = await Client.MapAsync(workload.ApiVersion, workload.Kind, Cancellation);
            await Client.SendRawAsync(
                HttpMethod.Patch, type.Path(Ns, workload.Name, "status"), new JsonObject { ["status"] = status }, Cancellation, "application/merge-patch+json");
        }
    }

    private Task SecretAsync(string name, string labels = "") =>
        _cluster.ApplyAsync($"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {Ns}, labels: {{{labels}}}}}");

    private async Task<IEnumerable<string>> MarkedAsync() =>
        (await Client.ListAsync<V1Secret>(Ns, Cancellation, "dpu.nvidia.com/image-pull-secret")).Select(s => s.Metadata.Name).Order(StringComparer.Ordinal);

    private Task DeployedByUsersAsync() => _cluster.ApplyAsync("""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUDeployment
        metadata: {name: d, namespace: default, finalizers: [example.org/wait]}
        spec:
          dpus: {bfb: b, flavor: f}
          services: {s: {serviceTemplate: t, serviceConfiguration: c}}
          serviceChains: [{ports: [{service: {name: s, interface: i}}]}]
        ---
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUService
        metadata: {name: s, namespace: default, finalizers: [example.org/wait]}
        spec: {helmChart: {source: {repoURL: "oci://example.org/charts", chart: c, version: v1}}}
        """);

    private async Task<bool> IsDeletingAsync(string kind, string name, string version = "svc.dpu.nvidia.com/v1alpha1") =>
        (await Client.GetAsync(version, kind, "default", name, Cancellation))!["metadata"]!["deletionTimestamp"] is not null;

    private async Task ReleaseAsync(string kind, string name, string version = "svc.dpu.nvidia.com/v1alpha1")
    {
        var (type, _) = await Client.MapAsync(version, kind, Cancellation);
        await Client.SendRawAsync(
            HttpMethod.Patch, type.Path("default", name), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } },
            Cancellation, "application/merge-patch+json");
    }
}
