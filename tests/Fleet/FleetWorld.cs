using System.Globalization;
using System.Text;
using Dpf.Fleet.Clusters;
using Dpf.Fleet.Hardware;
using Dpf.Fleet.Processes;
using Dpf.Runtime.Hosting;
using k8s.Models;

namespace Dpf.Fleet;

/// <summary>
/// A management cluster, DPU clusters and thousands of DPUs in this process: the product's own controllers between API servers
/// that are real and metal that is simulated, driven by nothing but objects.
/// </summary>
internal sealed partial class FleetWorld : IAsyncDisposable
{
    /// <summary>Where the operator works.</summary>
    public const string Namespace = "dpf-operator-system";

    private const string Tenants = "dpu-clusters";
    private static int _blocks;
    private readonly FleetOptions _options;
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-fleet-").FullName;
    private readonly Authority _authority = new();
    private readonly DmsServers _servers;
    private readonly HostConsole _console;
    private readonly List<FleetProcess> _processes = [];
    private readonly int _firstBlock;

    private FleetWorld(FleetOptions options)
    {
        _options = options;
        _servers = new DmsServers(_authority, options);
        _console = new HostConsole(Machines, _authority, options);
        var addresses = (options.Dpus / options.DpusPerHost) + options.Clusters + 2;
        _firstBlock = Interlocked.Add(ref _blocks, (addresses / 250) + 1) - ((addresses / 250) + 1);
    }

    /// <summary>The metal.</summary>
    public Machines Machines { get; } = new();

    /// <summary>The management cluster.</summary>
    public FleetCluster Management { get; private set; } = null!;

    /// <summary>The DPU clusters.</summary>
    public List<FleetCluster> DpuClusters { get; } = [];

    /// <summary>Every controller and agent, of the product and of what surrounds it.</summary>
    public IReadOnlyList<FleetProcess> Processes => _processes;

    /// <summary>Builds a world without any DPU yet.</summary>
    public static async Task<FleetWorld> StartAsync(FleetOptions options, CancellationToken cancellation)
    {
        var world = new FleetWorld(options);
        try
        {
            await world.BuildAsync(cancellation);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Select(p => p.KillAsync()));
        await _servers.DisposeAsync();
        await _console.DisposeAsync();
        foreach (var cluster in DpuClusters.Prepend(Management).OfType<FleetCluster>())
        {
            await cluster.DisposeAsync();
        }

        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BuildAsync(CancellationToken cancellation)
    {
        await _servers.StartAsync(cancellation);
        await _console.StartAsync(cancellation);
        Management = await FleetCluster.StartAsync(
            "management", Path.Combine(_folder, "management"), AddressOf(0), _options,
            ["charts/dpf-operator", "stand-ins/cert-manager", "stand-ins/maintenance-operator-chart", "stand-ins/argo-cd"], cancellation);
        await Management.ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{Namespace}}}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{Tenants}}}
            ---
            apiVersion: operator.dpu.nvidia.com/v1alpha1
            kind: DPFOperatorConfig
            metadata: {name: dpfoperatorconfig, namespace: {{Namespace}}}
            spec: {provisioningController: {bfbPVCName: bfb-pvc} }
            """,
            cancellation);
        await Management.Admin.CreateAsync(
            CertManager.SecretOf(_authority, Namespace, "dpf-provisioning-client-secret", "provisioning"), cancellation);
        await AddHostsAsync(cancellation);
        for (var i = 0; i < _options.Clusters; i++)
        {
            await AddClusterAsync(i, cancellation);
        }

        await AddProcessesAsync(cancellation);
        _processes.ForEach(p => p.Start());
    }

    private string AddressOf(int number) => string.Create(
        CultureInfo.InvariantCulture, $"127.{(Environment.ProcessId % 200) + 20}.{_firstBlock + (number / 250)}.{(number % 250) + 1}");

    private Task AddHostsAsync(CancellationToken cancellation)
    {
        var hosts = Enumerable.Range(0, _options.Dpus / _options.DpusPerHost).Select(i =>
        {
            var labels = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["feature.node.kubernetes.io/dpu-enabled"] = "true",
                ["feature.node.kubernetes.io/dpu-oob-bridge-configured"] = "",
            };
            var host = new Host(string.Create(CultureInfo.InvariantCulture, $"worker-{i:00000}"), AddressOf(_options.Clusters + 1 + i));
            List<string> cards = [];
            for (var card = 0; card < _options.DpusPerHost; card++)
            {
                var pci = PciOf(card);
                labels[PciLabel(card)] = pci;
                labels[string.Create(CultureInfo.InvariantCulture, $"feature.node.kubernetes.io/dpu-{card}-pf0-name")] = string.Create(CultureInfo.InvariantCulture, $"ens{card}f0np0");
                cards.Add($"{host.Name}-{pci}");
            }

            Machines.Add(host, cards);
            return new V1Node { Metadata = new V1ObjectMeta { Name = host.Name, Labels = labels } };
        });
        return Parallel.ForEachAsync(
            hosts, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation },
            async (node, stop) => await Management.Admin.CreateAsync(node, stop));
    }

    private async Task AddClusterAsync(int number, CancellationToken cancellation)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"tenant-{number:00}");
        var cluster = await FleetCluster.StartAsync(
            name, Path.Combine(_folder, name), AddressOf(number + 1), _options,
            ["charts/dpu-networking/charts/servicechainset-controller", "charts/dpu-networking/charts/nvidia-k8s-ipam"], cancellation);
        DpuClusters.Add(cluster);
        await cluster.ApplyAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Namespace}}}", cancellation);
        await AddAdministratorAsync(cluster, cancellation);
        await Management.ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: {{name}}-admin-kubeconfig, namespace: {{Tenants}}}
            data: {admin.conf: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(cluster.Kubeconfig))}}}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: {{name}}, namespace: {{Tenants}}}
            spec: {type: static, version: v1.30.2, kubeconfig: {{name}}-admin-kubeconfig, maxNodes: {{(_options.Dpus + _options.Clusters - 1) / _options.Clusters}}}
            """,
            cancellation);
    }

    private static Task AddAdministratorAsync(FleetCluster cluster, CancellationToken cancellation) => cluster.ApplyAsync(
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: fleet, namespace: kube-system}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: fleet}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects: [{kind: ServiceAccount, name: fleet, namespace: kube-system}]
        """,
        cancellation);

    private async Task AddProcessesAsync(CancellationToken cancellation)
    {
        // The product's controllers, each with the account and the rights that the operator gives it.
        var images = Directory.CreateDirectory(Path.Combine(_folder, "bfb")).FullName;
        var provisioning = await ControllerAsync(
            "provisioning-controller", "dpf-provisioning-controller-manager", cancellation,
            "--leader-elect", "--bfb-pvc=bfb-pvc", "--dms-image=example.com/dpf:v1", "--hostnetwork-image=example.com/dpf:v1");
        Add(Provisioning.Components.All["provisioning-controller"], provisioning with
        {
            Mounts = provisioning.Mounts.Append(KeyValuePair.Create("/bfb", images)).ToDictionary(),

            // A simulated card has no first boot to be left alone.
            Environment = provisioning.Environment.Append(KeyValuePair.Create("CLOUD_INIT_TIMEOUT", "0")).ToDictionary(),
        });
        Add(
            Provisioning.Components.All["static-cluster-manager"],
            await ControllerAsync("static-cluster-manager", "static-cm-controller-manager", cancellation, "--leader-elect"));
        Add(
            Services.Components.All["dpuservice-controller"],
            await ControllerAsync("dpuservice-controller", "dpuservice-controller-manager", cancellation, "--webhook-port=0"));

        await AddAdministratorAsync(Management, cancellation);
        Add(new CertManager(_authority, Machines), await PodAsync(Management, "cert-manager"));
        Add(new Argo(Machines), await PodAsync(Management, "argo-cd"));
        Add(new Maintenance(Machines), await PodAsync(Management, "maintenance-operator"));
        Add(new Kubelets(Machines, _servers, _console.ExecPort), await PodAsync(Management, "kubelets"));
        foreach (var cluster in DpuClusters)
        {
            Add(Chaining.Components.All["servicechainset-controller"], await PodAsync(cluster, "servicechainset-controller"));
            var pools = await cluster.PodAsync("nvidia-k8s-ipam", "kube-system", "fleet", cancellation, "controller");
            Add(Chaining.Components.All["nvidia-k8s-ipam"], pools with
            {
                Environment = pools.Environment.Where(v => v.Key != "POD_NAMESPACE").Append(KeyValuePair.Create("POD_NAMESPACE", Namespace)).ToDictionary(),
            });
            Add(new ChainAgents(Machines), await PodAsync(cluster, "sfc-controllers"));
            Add(new DpuKubelets(Machines, cluster.Address), await PodAsync(cluster, "dpu-kubelets"));
        }

        void Add(IComponent component, ComponentContext context) => _processes.Add(new FleetProcess(component, context));

        Task<ComponentContext> PodAsync(FleetCluster cluster, string name) => cluster.PodAsync(name, "kube-system", "fleet", cancellation);
    }

    private async Task<ComponentContext> ControllerAsync(string name, string account, CancellationToken cancellation, params string[] arguments)
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(Repository.Root, $"src/Operator/Manifests/{name}.yaml"), cancellation);
        await Management.ApplyAsync(manifest, cancellation, Namespace, "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding");
        return await Management.PodAsync(name, Namespace, account, cancellation, arguments);
    }
}
