using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Services.Credentials;
using k8s.Models;


namespace Dpf.Services.Tests;

/// <summary>A management cluster with the kinds, a DPUCluster <c>c1</c> with a control plane of its own, and our controllers.</summary>
public sealed class TwoClusters : IAsyncLifetime
{
    /// <summary>Where the operator and Argo CD are.</summary>
    public const string SystemNamespace = "dpf-operator-system";

    private static readonly RecentLog Log = new();
    private CancellationTokenSource _stop = new();
    private readonly List<EmbeddedApiServer> _servers = [];
    private readonly List<IAsyncDisposable> _parts = [];
    private Task _running = Task.CompletedTask;

    /// <summary>What the operator runs our controllers by.</summary>
    internal static string ManifestFile => Manifest();

    internal EmbeddedApiServer ManagementServer { get; private set; } = null!;

    internal KubeClient Management { get; private set; } = null!;

    internal EmbeddedApiServer DpuServer { get; private set; } = null!;

    internal KubeClient Dpu { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (ManagementServer, Management) = await StartAsync(["charts/dpf-operator/crds", "stand-ins/argo-cd/crds", "stand-ins/cert-manager/crds"]);
        (DpuServer, Dpu) = await StartAsync(DpuCharts);
        await Management.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{SystemNamespace}}}
            ---
            apiVersion: operator.dpu.nvidia.com/v1alpha1
            kind: DPFOperatorConfig
            metadata: {name: dpfoperatorconfig, namespace: {{SystemNamespace}}}
            spec: {provisioningController: {bfbPVCName: bfb-pvc} }
            """);
        await AddClusterAsync("c1", DpuServer.KubeconfigFor("kubernetes-admin", ["system:masters"]));
        await StartControllersAsync();
    }

    /// <summary>Ends our controllers.</summary>
    internal async Task StopControllersAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var part in _parts)
        {
            await part.DisposeAsync();
        }

        _parts.Clear();
        _stop.Dispose();
    }

    /// <summary>A token of the account that the operator runs our controllers as.</summary>
    internal async Task<string> ControllerTokenAsync()
    {
        foreach (var value in Manifests.Parse(await File.ReadAllTextAsync(Manifest(), Cancellation), "manifest"))
        {
            if ((string?)value["kind"] is "ServiceAccount" or "ClusterRole" or "ClusterRoleBinding")
            {
                await Management.ApplyAsync(value, "test", Cancellation, SystemNamespace);
            }
        }

        var answer = await Management.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{SystemNamespace}/serviceaccounts/dpuservice-controller-manager/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        return (string)answer!["status"]!["token"]!;
    }

    /// <summary>Starts our controllers; after <see cref="StopControllersAsync"/> it is a restart. They have the rights that the operator gives.</summary>
    internal async Task StartControllersAsync()
    {
        _stop = new CancellationTokenSource();
        var client = await AsControllerAsync();
        var cache = new Cache(client, TimeProvider.System, Log);
        var clients = new ClusterClients(client, null, TimeProvider.System, Log);
        _parts.AddRange([clients, cache]);
        var here = new TargetCluster("incluster", new Uri(ManagementServer.Address), ManagementServer.CaPem);
        var controllers = new ServiceControllers(cache, clients, here, TimeProvider.System, Log);
        _running = Together.RunAsync(controllers.Start, _stop.Token);
    }

    /// <summary>A further DPU cluster's control plane.</summary>
    internal Task<(EmbeddedApiServer Server, KubeClient Client)> StartDpuClusterAsync() => StartAsync(DpuCharts);

    /// <summary>Makes a control plane fall silent.</summary>
    internal async Task SilenceAsync(EmbeddedApiServer server)
    {
        _servers.Remove(server);
        await server.DisposeAsync();
    }

    /// <summary>A DPUCluster that is ready.</summary>
    internal async Task AddClusterAsync(string name, string kubeconfig, string ns = "clusters")
    {
        await Management.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{ns}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: {{name}}-admin-kubeconfig, namespace: {{ns}}}
            data: {admin.conf: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(kubeconfig))}}}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: {{name}}, namespace: {{ns}}, labels: {name: {{name}} } }
            spec: {type: static, version: v1.30.2, kubeconfig: {{name}}-admin-kubeconfig}
            """);
        await Management.PatchStatusAsync<DpuCluster>(
            ns, name, new JsonObject { ["status"] = new JsonObject { ["phase"] = "Ready" } }, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await StopControllersAsync();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task<KubeClient> AsControllerAsync()
    {
        var token = await ControllerTokenAsync();
        return new KubeClient(new KubeConnection
        {
            Server = new Uri(ManagementServer.Address), CertificateAuthority = ManagementServer.CaPem, Token = () => token,
        });
    }

    private static string[] DpuCharts =>
        ["charts/dpu-networking/charts/servicechainset-controller/crds", "charts/dpu-networking/charts/nvidia-k8s-ipam/crds"];

    private async Task<(EmbeddedApiServer Server, KubeClient Client)> StartAsync(IEnumerable<string> definitions)
    {
        var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        _servers.Add(server);
        var client = KubeClient.FromKubeconfig(server.AdminKubeconfig);
        foreach (var file in definitions.SelectMany(d => Directory.GetFiles(Path.Combine(Deploy(), d), "*.yaml")))
        {
            await client.ApplyYamlAsync(await File.ReadAllTextAsync(file, Cancellation));
        }

        var wanted = definitions.Sum(d => Directory.GetFiles(Path.Combine(Deploy(), d), "*.yaml").Length);
        await Eventually.SeeAsync(
            () => client.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.Count(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true) >= wanted);
        return (server, client);
    }

    private static string Manifest([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../src/Operator/Manifests/dpuservice-controller.yaml"));

    private static string Deploy([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../deploy"));
}
