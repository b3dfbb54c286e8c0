using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Fleet.Clusters;

/// <summary>A cluster of a fleet: an API server with a durable state that can be stopped and started again at the same place.</summary>
internal sealed class FleetCluster : IAsyncDisposable
{
    private readonly string _folder;
    private readonly FleetOptions _options;
    private ApiServerOptions _server;
    private EmbeddedApiServer? _running;

    private FleetCluster(string name, string folder, string address, FleetOptions options)
    {
        (Name, _folder, _options) = (name, folder, options);
        _server = new ApiServerOptions
        {
            DataPath = Path.Combine(folder, "data"),
            Endpoints = [new ApiEndpoint { Host = address }],
            Time = options.Time,
            ClusterName = name,
        };
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>Who may do everything.</summary>
    public KubeClient Admin { get; private set; } = null!;

    /// <summary>The administrator's kubeconfig. A secret.</summary>
    public string Kubeconfig { get; private set; } = "";

    /// <summary>Host and port.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Starts a new cluster with the kinds of some charts, each a folder below <c>deploy</c>.</summary>
    public static async Task<FleetCluster> StartAsync(
        string name, string folder, string address, FleetOptions options, IReadOnlyList<string> charts, CancellationToken cancellation)
    {
        var cluster = new FleetCluster(name, Directory.CreateDirectory(folder).FullName, address, options);
        await cluster.ResumeAsync(cancellation);
        cluster.Address = new Uri(cluster._running!.Address);
        cluster._server = cluster._server with { Endpoints = [new ApiEndpoint { Host = address, Port = cluster.Address.Port }] };
        cluster.Kubeconfig = cluster._running.AdminKubeconfig;
        cluster.Admin = KubeClient.FromKubeconfig(cluster.Kubeconfig);
        var files = charts.SelectMany(c => Directory.GetFiles(Path.Combine(Repository.Root, "deploy", c, "crds"), "*.yaml")).ToList();
        foreach (var file in files)
        {
            await cluster.ApplyAsync(await File.ReadAllTextAsync(file, cancellation), cancellation);
        }

        while ((await cluster.Admin.ListAsync<V1CustomResourceDefinition>(null, cancellation))
            .Count(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true) < files.Count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
        }

        return cluster;
    }

    /// <summary>Stops the API server; nobody reaches the cluster.</summary>
    public async Task StopAsync()
    {
        if (_running is { } server)
        {
            _running = null;
            await server.DisposeAsync();
        }
    }

    /// <summary>Starts it with the state that it had.</summary>
    public async Task ResumeAsync(CancellationToken cancellation) => _running ??= await EmbeddedApiServer.StartAsync(_server, cancellation);

    /// <summary>Applies all documents of a text.</summary>
    public async Task ApplyAsync(string yaml, CancellationToken cancellation, string? ns = null, params string[] kinds)
    {
        foreach (var value in Manifests.Parse(yaml, "fleet").Where(v => kinds.Length == 0 || kinds.Contains((string?)v["kind"])))
        {
            await Admin.ApplyAsync(value, "fleet", cancellation, ns);
        }
    }

    /// <summary>What a pod of a service account is given to run a component.</summary>
    public async Task<ComponentContext> PodAsync(
        string component, string ns, string account, CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var answer = await Admin.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{ns}/serviceaccounts/{account}/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject { ["expirationSeconds"] = 10 * 24 * 3600 },
            },
            cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, component)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), (string)answer!["status"]!["token"]!, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), _running!.CaPem, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), ns, cancellation);
        var machine = new LocalMachine();
        return new ComponentContext
        {
            Name = component,
            Arguments = arguments,
            Environment = new Dictionary<string, string>
            {
                ["KUBERNETES_SERVICE_HOST"] = Address.Host,
                ["KUBERNETES_SERVICE_PORT"] = Address.Port.ToString(CultureInfo.InvariantCulture),
                ["POD_NAMESPACE"] = ns,
            },
            Machine = machine,
            Network = machine.Network,
            Mounts = new Dictionary<string, string> { ["/var/run/secrets/kubernetes.io/serviceaccount"] = folder },
            Loggers = _options.Loggers,
            Time = _options.Time,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Admin?.Dispose();
    }
}
