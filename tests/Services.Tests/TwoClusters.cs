using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
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
    private readonly CancellationTokenSource _stop = new();
    private readonly List<EmbeddedApiServer> _servers = [];
    private readonly List<IAsyncDisposable> _parts = [];
    private Task _running = Task.CompletedTask;

    internal EmbeddedApiServer ManagementServer { get; private set; } = null!;

    internal KubeClient Management { get; private set; } = null!;

    internal EmbeddedApiServer DpuServer { get; private set; } = null!;

    internal KubeClient Dpu { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (ManagementServer, Management) = await StartAsync(["dpf-operator/crds", "argo-cd/crds"]);
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
        StartControllers();
    }

    /// <summary>Starts our controllers; a second call after <see cref="StopControllersAsync"/> is a restart.</summary>
    internal void StartControllers()
    {
        var cache = new Cache(Management, TimeProvider.System, Log);
        var clients = new ClusterClients(Management, null, TimeProvider.System, Log);
        _parts.AddRange([clients, cache]);
        var here = new TargetCluster("incluster", new Uri(ManagementServer.Address), ManagementServer.CaPem);
        var controllers = new ServiceControllers(cache, clients, here, TimeProvider.System, Log);
        _running = DpuServiceControllerComponent.RunAllAsync(controllers.Start, _stop.Token);
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
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var part in _parts)
        {
            await part.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _stop.Dispose();
    }

    private static string[] DpuCharts =>
        ["dpu-networking/charts/servicechainset-controller/crds", "dpu-networking/charts/nvidia-k8s-ipam/crds"];

    private async Task<(EmbeddedApiServer Server, KubeClient Client)> StartAsync(IEnumerable<string> definitions)
    {
        var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        _servers.Add(server);
        var client = KubeClient.FromKubeconfig(server.AdminKubeconfig);
        foreach (var file in definitions.SelectMany(d => Directory.GetFiles(Path.Combine(Charts(), d), "*.yaml")))
        {
            await client.ApplyYamlAsync(await File.ReadAllTextAsync(file, Cancellation));
        }

        var wanted = definitions.Sum(d => Directory.GetFiles(Path.Combine(Charts(), d), "*.yaml").Length);
        await Eventually.SeeAsync(
            () => client.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.Count(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true) >= wanted);
        return (server, client);
    }

    private static string Charts([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../deploy/charts"));
}
