using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Operator;
using Dpf.Runtime.Clusters;
using Dpf.Services.Tests.Admission;
using k8s.Models;

namespace Dpf.Services.Tests.EndToEnd;

/// <summary>
/// A system to try: the one that the kubeconfig in <c>DPF_E2E_KUBECONFIG</c> leads to (the operator installed there, and a DPU
/// cluster), else one of embedded API servers with the operator and the dpuservice controller as their pods run them.
/// </summary>
public sealed class SystemUnderTest : IAsyncLifetime
{
    private readonly TwoClusters _clusters = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IAsyncDisposable> _pods = [];
    private Task _stage = Task.CompletedTask;

    /// <summary>Whether this is our own, where what nodes and Argo CD do is played.</summary>
    public static bool IsEmbedded => Kubeconfig is null;

    internal KubeClient Management { get; private set; } = null!;

    private static string? Kubeconfig => Environment.GetEnvironmentVariable("DPF_E2E_KUBECONFIG") is { Length: > 0 } file ? file : null;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (Kubeconfig is { } file)
        {
            Management = KubeClient.FromKubeconfig(await File.ReadAllTextAsync(file, Cancellation));
            return;
        }

        await _clusters.InitializeAsync();
        await _clusters.StopControllersAsync();
        Management = _clusters.Management;
        var services = await ControllerPod.StartAsync(_clusters, "dpuservice");
        _pods.Add(services);
        _pods.Add(await ControllerPod.StartAsync(_clusters, "operator", new OperatorComponent(), await AdministratorTokenAsync()));
        _stage = new Stage(Management, await DpuClustersAsync(), services).RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stage.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var pod in _pods)
        {
            await pod.DisposeAsync();
        }

        if (IsEmbedded)
        {
            await _clusters.StartControllersAsync();
            await _clusters.DisposeAsync();
        }

        _stop.Dispose();
    }

    /// <summary>The DPU clusters' clients, by their DPUCluster's name.</summary>
    internal async Task<IReadOnlyDictionary<string, KubeClient>> DpuClustersAsync()
    {
        Dictionary<string, KubeClient> clients = [];
        foreach (var cluster in await Management.ListAsync<DpuCluster>(null, Cancellation))
        {
            var secret = await Management.GetAsync<V1Secret>(cluster.Metadata.NamespaceProperty, cluster.Spec.Kubeconfig ?? "", Cancellation);
            if (secret?.Data?.TryGetValue("admin.conf", out var kubeconfig) == true)
            {
                clients[cluster.Metadata.Name] = KubeClient.FromKubeconfig(Encoding.UTF8.GetString(kubeconfig));
            }
        }

        return clients;
    }

    private async Task<string> AdministratorTokenAsync()
    {
        await Management.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: operator, namespace: {{TwoClusters.SystemNamespace}} }
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: operator}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
            subjects: [{kind: ServiceAccount, name: operator, namespace: {{TwoClusters.SystemNamespace}} }]
            """);
        var answer = await Management.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{TwoClusters.SystemNamespace}/serviceaccounts/operator/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        return (string)answer!["status"]!["token"]!;
    }
}
