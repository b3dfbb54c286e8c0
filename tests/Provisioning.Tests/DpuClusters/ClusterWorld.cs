using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuClusters;

/// <summary>
/// A management cluster with one control-plane node, a cluster manager with exactly the rights that the operator gives it, and the
/// provisioning controller's side. The test plays Kamaji.
/// </summary>
internal sealed class ClusterWorld : IAsyncDisposable
{
    public const string Namespace = "dpu-cplane-tenant1";
    private const string SystemNamespace = "dpf-operator-system";
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-clusters-test-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly LogLines _log = new();
    private EmbeddedApiServer? _management;
    private EmbeddedApiServer? _tenant;
    private Cache? _cache;
    private ClusterClients? _clusters;

    public KubeClient Admin { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts it.</summary>
    /// <param name="manager">The component, e.g. <c>kamaji-cluster-manager</c>.</param>
    public static async Task<ClusterWorld> StartAsync(string manager)
    {
        var world = new ClusterWorld();
        try
        {
            await world.BuildAsync(manager);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the cluster is in a phase.</summary>
    public Task<DpuCluster> PhaseAsync(string name, string phase) => Admin.HasAsync<DpuCluster>(Namespace, name, c => c.Status?.Phase == phase);

    /// <summary>Waits until a condition has a reason.</summary>
    public Task<DpuCluster> ConditionAsync(string name, string type, string reason) => Admin.HasAsync<DpuCluster>(
        Namespace, name, c => c.Status?.Conditions?.Any(x => x.Type == type && x.Reason == reason) == true);

    /// <summary>Makes the Secret with the kubeconfig of a control plane that runs.</summary>
    public async Task AddKubeconfigAsync(string secret)
    {
        _tenant ??= await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: {{secret}}, namespace: {{Namespace}}}
            data: {admin.conf: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(_tenant.AdminKubeconfig))}}}
            """);
    }

    /// <summary>The control plane ends.</summary>
    public async Task StopTenantAsync()
    {
        await _tenant!.DisposeAsync();
        _tenant = null;
    }

    /// <summary>Says of a TenantControlPlane what Kamaji would.</summary>
    public Task<JsonObject?> SetVersionStatusAsync(string name, string status) => Admin.SendRawAsync(
        HttpMethod.Patch, $"/apis/kamaji.clastix.io/v1alpha1/namespaces/{Namespace}/tenantcontrolplanes/{name}/status",
        new JsonObject
        {
            ["status"] = new JsonObject { ["kubernetesResources"] = new JsonObject { ["version"] = new JsonObject { ["status"] = status } } },
        },
        Cancellation, "application/merge-patch+json");

    /// <summary>Says of a DaemonSet what its controller would.</summary>
    public Task SetDaemonsAsync(string name, int ready, int wanted) => Admin.PatchStatusAsync<V1DaemonSet>(
        Namespace, name,
        new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["currentNumberScheduled"] = wanted, ["desiredNumberScheduled"] = wanted, ["numberMisscheduled"] = 0, ["numberReady"] = ready,
            },
        },
        Cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var line in _log.Lines)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(line);
        }

        foreach (var part in new IAsyncDisposable?[] { _cache, _clusters, _tenant, _management }.OfType<IAsyncDisposable>())
        {
            await part.DisposeAsync();
        }

        Admin?.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BuildAsync(string manager)
    {
        _management = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        Admin = KubeClient.FromKubeconfig(_management.AdminKubeconfig);
        foreach (var file in Directory.GetFiles(Path.Combine(ProvisioningWorld.Repository(), "deploy/charts/dpf-operator/crds"), "*.yaml")
            .Append(Path.Combine(ProvisioningWorld.Repository(), "deploy/stand-ins/kamaji/crds/tenantcontrolplanes.yaml")))
        {
            await Admin.ApplyYamlAsync(await File.ReadAllTextAsync(file, Cancellation));
        }

        await Eventually.SeeAsync(
            () => Admin.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.All(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true));
        await Admin.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{Namespace}}}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{SystemNamespace}}}
            ---
            apiVersion: v1
            kind: Node
            metadata: {name: cp1, labels: {node-role.kubernetes.io/control-plane: ""} }
            """);
        await Admin.PatchStatusAsync<V1Node>(
            null, "cp1",
            new JsonObject
            {
                ["status"] = new JsonObject { ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = "10.0.110.1" }) },
            },
            Cancellation);
        await AccountAsync(manager);
        _cache = new Cache(Admin, TimeProvider.System, _log);
        _clusters = new ClusterClients(Admin, null, TimeProvider.System, _log);
        _running.Add(Task.Run(() => DpuClusterReconciler.Build(_cache, _clusters, _log, TimeProvider.System).RunAsync(_stop.Token)));
        _running.Add(Task.Run(() => Components.All[manager].RunAsync(Context(manager), _stop.Token)));
    }

    private ComponentContext Context(string manager)
    {
        var server = new Uri(_management!.Address);
        return new ComponentContext
        {
            Name = manager,
            Arguments = ["--leader-elect", "--keepalived-image=example.com/dpf-system:v1", "--image-pull-secrets=pull-a"],
            Environment = new Dictionary<string, string>
            {
                ["KUBERNETES_SERVICE_HOST"] = server.Host,
                ["KUBERNETES_SERVICE_PORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
            },
            Machine = new LocalMachine(),
            Network = new PlainNetwork(),
            Mounts = new Dictionary<string, string> { ["/var/run/secrets/kubernetes.io/serviceaccount"] = _folder },
            Loggers = _log,
        };
    }

    /// <summary>The account that the operator makes for the manager.</summary>
    private async Task AccountAsync(string manager)
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(ProvisioningWorld.Repository(), $"src/Operator/Manifests/{manager}.yaml"), Cancellation);
        var objects = Manifests.Parse(manifest, manager).Where(v => (string?)v["kind"] is "ServiceAccount" or "ClusterRole" or "ClusterRoleBinding").ToList();
        foreach (var value in objects)
        {
            await Admin.ApplyAsync(value, "test", Cancellation, SystemNamespace);
        }

        var account = (string)objects.Single(o => (string?)o["kind"] == "ServiceAccount")["metadata"]!["name"]!;
        var answer = await Admin.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{SystemNamespace}/serviceaccounts/{account}/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder, "token"), (string)answer!["status"]!["token"]!, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.crt"), _management!.CaPem, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder, "namespace"), SystemNamespace, Cancellation);
    }
}
