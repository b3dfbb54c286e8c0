using System.Net;
using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Services.Tests.EndToEnd;

/// <summary>The steps of the original's end-to-end suite, in its order, judged from outside; see <see cref="SystemUnderTest"/>.</summary>
public sealed partial class OriginalSequenceTests(SystemUnderTest system) : IClassFixture<SystemUnderTest>
{
    private const string Services = "svc.dpu.nvidia.com/v1alpha1";
    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";
    private const string Ns = TwoClusters.SystemNamespace;
    private const string Cleanup = "dpf-operator-e2e-test-cleanup: \"true\"";

    private static readonly string[] SystemServices =
        ["flannel", "multus", "nvidia-k8s-ipam", "ovs-cni", "ovs-helper", "servicechainset-controller", "sfc-controller", "sriov-device-plugin"];

    private IReadOnlyDictionary<string, KubeClient> _dpuClusters = new Dictionary<string, KubeClient>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Management => system.Management;

    [Fact]
    public async Task The_system_comes_up_does_what_it_is_for_and_goes()
    {
        await StepAsync("1. leftovers of an earlier run are removed", RemoveLeftoversAsync);
        await StepAsync("3. pull secrets and the DPFOperatorConfig", ConfigureAsync);
        await StepAsync("2., 4. the controllers are ready", ControllersAsync);
        await StepAsync("5. exactly eight DPUServices", EightServicesAsync);
        await StepAsync("6. DPU clusters are Ready", ClustersAsync);
        await StepAsync("7. a BFB and a DPUSet; the DPUs' nodes join", ProvisionAsync);
        await StepAsync("8. all services run in every DPU cluster", () => RunEverywhereAsync(SystemServices));
        await StepAsync("9. changed images arrive, and are taken back", ImagesAsync);
        await StepAsync("10. MTUs arrive", MtusAsync);
        await StepAsync("11., 12. a service for DPUs and one for the management cluster come and go", ServicesAsync);
        await StepAsync("13. pull secrets are kept the same", PullSecretsAsync);
        await StepAsync("14. a DPUDeployment comes and goes", DeploymentAsync);
        await StepAsync("15. address pools", PoolsAsync);
        await StepAsync("16. interfaces and chains in two namespaces", InterfacesAndChainsAsync);
        await StepAsync("17. credentials of both kinds of clusters", CredentialsAsync);
        await StepAsync("18. everything goes in order", TearDownAsync);
    }

    private static async Task StepAsync(string name, Func<Task> step)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(name);
        await step();
    }

    private async Task RemoveLeftoversAsync()
    {
        foreach (var (version, kind) in new[]
        {
            (Services, "DPUDeployment"), (Services, "DPUServiceChain"), (Services, "DPUServiceInterface"), (Services, "DPUServiceIPAM"), (Services, "DPUService"),
            (Services, "DPUServiceCredentialRequest"), (Services, "DPUServiceTemplate"), (Services, "DPUServiceConfiguration"), (Provisioning, "DPUSet"),
            (Provisioning, "BFB"), (Provisioning, "DPUFlavor"),
        })
        {
            foreach (var value in await Management.ListAsync(version, kind, null, Cancellation, "dpf-operator-e2e-test-cleanup=true"))
            {
                var (ns, name) = ((string?)value["metadata"]!["namespace"], (string)value["metadata"]!["name"]!);
                await Management.DeleteAsync(version, kind, ns, name, Cancellation);
                await Management.LosesAsync(version, kind, ns, name);
            }
        }
    }

    private Task ConfigureAsync() => Management.ApplyYamlAsync($$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: dpf-pull-secret, namespace: {{Ns}} }
        type: kubernetes.io/dockerconfigjson
        data: {.dockerconfigjson: e30=}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: dpf-pull-secret-extra, namespace: {{Ns}} }
        type: kubernetes.io/dockerconfigjson
        data: {.dockerconfigjson: e30=}
        ---
        {{Config("imagePullSecrets: [dpf-pull-secret, dpf-pull-secret-extra]")}}
        """);

    private static string Config(string more) => $$"""
        apiVersion: operator.dpu.nvidia.com/v1alpha1
        kind: DPFOperatorConfig
        metadata: {name: dpfoperatorconfig, namespace: {{Ns}} }
        spec:
          provisioningController: {bfbPVCName: bfb-pvc}
          staticClusterManager: {disable: false}
          kamajiClusterManager: {disable: true}
          {{more}}
        """;

    private async Task ControllersAsync()
    {
        string[] deployments = SystemUnderTest.IsEmbedded
            ? ["dpuservice-controller-manager", "dpf-provisioning-controller-manager"]
            : ["dpf-operator-controller-manager", "dpuservice-controller-manager", "dpf-provisioning-controller-manager"];
        foreach (var name in deployments)
        {
            await Management.HasAsync("apps/v1", "Deployment", Ns, name, d => ((int?)d["status"]?["readyReplicas"] ?? 0) > 0);
        }
    }

    private async Task EightServicesAsync() => await Eventually.SeeAsync(
        async () => (await Management.ListAsync<DpuService>(Ns, Cancellation)).Select(s => s.Metadata.Name).Order(StringComparer.Ordinal).ToList(),
        names => names.SequenceEqual(SystemServices));

    private async Task ClustersAsync()
    {
        await Eventually.SeeAsync(
            () => Management.ListAsync<DpuCluster>(null, Cancellation), all => all.Count > 0 && all.All(c => c.Status?.Phase == "Ready"));
        _dpuClusters = await system.DpuClustersAsync();
        Assert.NotEmpty(_dpuClusters);
    }

    private async Task ProvisionAsync()
    {
        await Management.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: BFB
            metadata: {name: e2e, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec: {url: {{Environment.GetEnvironmentVariable("BFB_IMAGE_URL") ?? "http://images.example/e2e.bfb"}}, fileName: e2e.bfb}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUSet
            metadata: {name: e2e, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec:
              nodeSelector: {matchLabels: {feature.node.kubernetes.io/dpu-enabled: "true"} }
              strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%} }
              dpuTemplate: {spec: {bfb: {name: e2e}, dpuFlavor: dpf-provisioning-hbn-ovn, nodeEffect: {taint: {key: dpu, value: provisioning, effect: NoSchedule} } } }
            """);
        var wanted = int.Parse(Environment.GetEnvironmentVariable("DPF_E2E_NUM_DPU_NODES") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        await Eventually.SeeAsync(
            async () => (await Task.WhenAll(_dpuClusters.Values.Select(c => c.ListAsync<V1Node>(null, Cancellation)))).Sum(n => n.Count), count => count == wanted);
    }

    /// <summary>Every service has a workload in every DPU cluster.</summary>
    private async Task RunEverywhereAsync(IEnumerable<string> services)
    {
        foreach (var (name, cluster) in _dpuClusters)
        {
            foreach (var service in services)
            {
                await Eventually.SeeAsync(() => WorkloadsAsync(cluster, $"{name}-{service}"), all => all.Count > 0);
            }
        }
    }

    private static async Task<IReadOnlyList<JsonObject>> WorkloadsAsync(KubeClient cluster, string application)
    {
        var selector = $"argocd.argoproj.io/instance={application}";
        return
        [
            .. await cluster.ListAsync("apps/v1", "Deployment", null, Cancellation, selector),
            .. await cluster.ListAsync("apps/v1", "DaemonSet", null, Cancellation, selector),
        ];
    }

    private async Task ImagesAsync()
    {
        await Management.ApplyYamlAsync(Config("sfcController: {image: \"registry.example/dpf-system:e2e\"}\n  imagePullSecrets: [dpf-pull-secret, dpf-pull-secret-extra]"));
        await ArrivesAsync("sfc-controller", text => text.Contains("registry.example/dpf-system", StringComparison.Ordinal));
        await Management.ApplyYamlAsync(Config("imagePullSecrets: [dpf-pull-secret, dpf-pull-secret-extra]"));
        await ArrivesAsync("sfc-controller", text => !text.Contains("registry.example/dpf-system", StringComparison.Ordinal));
    }

    private async Task MtusAsync()
    {
        await Management.ApplyYamlAsync(Config(
            "networking: {controlPlaneMTU: 1200, highSpeedMTU: 9000}\n  imagePullSecrets: [dpf-pull-secret, dpf-pull-secret-extra]"));
        await ArrivesAsync("flannel", text => text.Contains("1200", StringComparison.Ordinal));
        await ArrivesAsync("multus", text => text.Contains("9000", StringComparison.Ordinal));
    }

    /// <summary>A setting reaches what Argo CD deploys in every DPU cluster.</summary>
    private async Task ArrivesAsync(string service, Func<string, bool> isAsExpected)
    {
        foreach (var cluster in _dpuClusters.Keys)
        {
            await Management.HasAsync(
                FakeArgo.Version, "Application", Ns, $"{cluster}-{service}", a => isAsExpected(a["spec"]!["source"]!["helm"]!["valuesObject"]!.ToJsonString()));
        }
    }

    private async Task PullSecretsAsync()
    {
        await CopiesAsync(["dpf-pull-secret", "dpf-pull-secret-extra"]);
        await Management.ApplyYamlAsync(Config("imagePullSecrets: [dpf-pull-secret]"));
        await CopiesAsync(["dpf-pull-secret"]);

        async Task CopiesAsync(string[] names)
        {
            foreach (var cluster in _dpuClusters.Values)
            {
                await Eventually.SeeAsync(
                    async () => (await cluster.ListAsync<V1Secret>(Ns, Cancellation, "dpu.nvidia.com/image-pull-secret")).Select(s => s.Metadata.Name).Order().ToList(),
                    found => found.SequenceEqual(names));
            }
        }
    }

    private async Task TearDownAsync()
    {
        foreach (var kind in new[] { "DPUSet", "BFB" })
        {
            await Management.DeleteAsync(Provisioning, kind, Ns, "e2e", Cancellation);
            await Management.LosesAsync(Provisioning, kind, Ns, "e2e");
        }

        await Management.DeleteAsync<DpfOperatorConfig>(Ns, "dpfoperatorconfig", Cancellation);
        await Management.LosesAsync("operator.dpu.nvidia.com/v1alpha1", "DPFOperatorConfig", Ns, "dpfoperatorconfig");
        Assert.Empty(await Management.ListAsync<DpuService>(null, Cancellation));
        Assert.Empty(await Management.ListAsync<DpuCluster>(null, Cancellation));
    }

    private async Task<string> RefusedAsync(string yaml, HttpStatusCode code) => await Eventually.SeeAsync(
        async () =>
        {
            try
            {
                await Management.ApplyYamlAsync(yaml);
                return "";
            }
            catch (KubeException e)
            {
                return e.Code == code ? e.Message : "";
            }
        },
        message => message.Length > 0);
}
