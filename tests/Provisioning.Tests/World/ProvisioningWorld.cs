using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Tests.World;

/// <summary>
/// A management cluster, a DPU cluster and workers, and our controller between them, with its own account's rights. Everything
/// around the controller is an API server or a server on a socket.
/// </summary>
internal sealed class ProvisioningWorld : IAsyncDisposable
{
    public const string Namespace = "dpf-operator-system";
    private static int _worlds;
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-provisioning-test-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FakeHost> _hosts = [];
    private readonly int _number = Interlocked.Increment(ref _worlds);
    private readonly TestAuthority _authority = new();
    private readonly LogLines _log = new();
    private EmbeddedApiServer? _management;
    private EmbeddedApiServer? _dpuServer;
    private (CancellationTokenSource Stop, Task Running)? _controller;
    private Task _certificates = Task.CompletedTask;

    public KubeClient Admin { get; private set; } = null!;

    public KubeClient DpuAdmin { get; private set; } = null!;

    public DmsScript Dms { get; } = new();

    public FakeWeb Web { get; private set; } = null!;

    public string BfbFolder => Path.Combine(_folder, "bfb");

    public IEnumerable<string> Log => _log.Lines;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ProvisioningWorld> StartAsync(bool withDpuCluster = true)
    {
        var world = new ProvisioningWorld();
        try
        {
            await world.BuildAsync(withDpuCluster);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>A worker with DPUs at <c>0000-03-00</c>, <c>0000-04-00</c> and so on.</summary>
    public async Task<FakeHost> AddHostAsync(string name, int dpus = 1, Dictionary<string, string>? labels = null)
    {
        var all = new Dictionary<string, string>(labels ?? [], StringComparer.Ordinal)
        {
            ["feature.node.kubernetes.io/dpu-enabled"] = "true",
            ["feature.node.kubernetes.io/dpu-oob-bridge-configured"] = "",
        };
        for (var i = 0; i < dpus; i++)
        {
            all[string.Create(CultureInfo.InvariantCulture, $"feature.node.kubernetes.io/dpu-{i}-pci-address")] = string.Create(CultureInfo.InvariantCulture, $"0000-{i + 3:x2}-00");
            all[string.Create(CultureInfo.InvariantCulture, $"feature.node.kubernetes.io/dpu-{i}-pf0-name")] = string.Create(CultureInfo.InvariantCulture, $"ens{i}f0np0");
        }

        // An address of its own: every host has a DMS on the same port.
        var address = string.Create(CultureInfo.InvariantCulture, $"127.{(Environment.ProcessId % 200) + 20}.{_number % 250}.{_hosts.Count + 1}");
        var host = await FakeHost.StartAsync(name, address, Admin, _authority, Dms, all);
        _hosts.Add(host);
        return host;
    }

    /// <summary>A boot image that is there, and a flavor.</summary>
    public async Task AddImageAndFlavorAsync(string image = "bf-bundle", string flavor = "flavor")
    {
        Web.Files[$"/{image}-1.2.3.bfb"] = Encoding.ASCII.GetBytes($"boot image {image} " + new string('x', 300_000));
        await Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: BFB
            metadata: {name: {{image}}, namespace: {{Namespace}}}
            spec: {url: "{{Web.Address}}/{{image}}-1.2.3.bfb"}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUFlavor
            metadata: {name: {{flavor}}, namespace: {{Namespace}}}
            spec:
              nvconfig: [{device: "*", parameters: [NUM_OF_VFS=46]}]
            """);
    }

    /// <summary>A DPUSet of all hosts.</summary>
    public Task AddSetAsync(string name = "dpuset", string image = "bf-bundle", string template = "nodeEffect: {noEffect: true}", string more = "") =>
        Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUSet
            metadata: {name: {{name}}, namespace: {{Namespace}}}
            spec:
              nodeSelector: {matchLabels: {feature.node.kubernetes.io/dpu-enabled: "true"} }
              {{more}}
              dpuTemplate:
                spec:
                  dpuFlavor: flavor
                  bfb: {name: {{image}}}
                  {{template}}
            """);

    /// <summary>Makes a DPU's node in the DPU cluster, as a kubelet that has joined does.</summary>
    public async Task JoinAsync(string dpu, bool isReady = true)
    {
        if (await DpuAdmin.GetAsync<V1Node>(null, dpu, Cancellation) is null)
        {
            await DpuAdmin.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = dpu } }, Cancellation);
        }

        await DpuAdmin.PatchStatusAsync<V1Node>(
            null, dpu,
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Ready", ["status"] = isReady ? "True" : "False", ["reason"] = "Test", ["message"] = isReady ? "" : "no network yet",
                    }),
                },
            },
            Cancellation);
    }

    /// <summary>Waits until a DPU is in a phase.</summary>
    public Task<Dpu> PhaseAsync(string dpu, string phase) => Admin.HasAsync<Dpu>(Namespace, dpu, d => d.Status?.Phase == phase);

    /// <summary>
    /// Lets the API server ask the controller about its kinds, as the operator's manifest says; start the controller with
    /// <c>--webhook-port</c> and the returned port.
    /// </summary>
    public async Task<int> UseWebhooksAsync()
    {
        int port;
        using (var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp))
        {
            socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Any, 0));
            port = ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
        }

        var folder = Directory.CreateDirectory(Path.Combine(_folder, "serving")).FullName;
        var (certificate, key) = _authority.Issue("webhook", [], isServer: true, $"dpf-provisioning-webhook-service.{Namespace}.svc");
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), certificate, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), key, Cancellation);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: webhooks
              namespace: {{Namespace}}
              labels: {kubernetes.io/service-name: dpf-provisioning-webhook-service}
            addressType: IPv4
            endpoints: [{addresses: ["127.0.0.1"], conditions: {ready: true} }]
            ports: [{port: {{port}}}]
            """);
        foreach (var value in await OperatorManifestAsync("Service", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"))
        {
            foreach (var hook in value["webhooks"] as JsonArray ?? [])
            {
                hook!["clientConfig"]!["caBundle"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(_authority.Pem));
            }

            await Admin.ApplyAsync(value, "test", Cancellation, Namespace);
        }

        return port;
    }

    /// <summary>Starts the controller; after <see cref="StopControllerAsync"/> this is a restart.</summary>
    public void StartController(params string[] more)
    {
        var server = new Uri(_management!.Address);
        var context = new ComponentContext
        {
            Name = "provisioning-controller",
            Arguments =
            [
                "--leader-elect", "--bfb-pvc=bfb-pvc", "--dms-image=example.com/hostdriver:v1", "--hostnetwork-image=example.com/hostdriver:v1",
                "--image-pull-secrets=pull-a,pull-b", .. more,
            ],
            Environment = new Dictionary<string, string>
            {
                ["KUBERNETES_SERVICE_HOST"] = server.Host,
                ["KUBERNETES_SERVICE_PORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
            },
            Machine = new LocalMachine(),
            Network = new PlainNetwork(),
            Mounts = new Dictionary<string, string>
            {
                ["/bfb"] = BfbFolder,
                ["/var/run/secrets/kubernetes.io/serviceaccount"] = Path.Combine(_folder, "account"),
                ["/tmp/k8s-webhook-server/serving-certs"] = Path.Combine(_folder, "serving"),
            },
            Loggers = _log,
        };
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        _controller = (stop, Task.Run(() => Components.All["provisioning-controller"].RunAsync(context, stop.Token)));
    }

    public async Task StopControllerAsync()
    {
        if (_controller is { } controller)
        {
            _controller = null;
            await controller.Stop.CancelAsync();
            await controller.Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(controller.Running.IsFaulted, controller.Running.Exception?.ToString());
            controller.Stop.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopControllerAsync();

        // Shown when the test fails.
        foreach (var line in _log.Lines)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(line);
        }

        await _stop.CancelAsync();
        await _certificates.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        foreach (var part in new IAsyncDisposable?[] { Web, _management, _dpuServer }.OfType<IAsyncDisposable>())
        {
            await part.DisposeAsync();
        }

        Admin?.Dispose();
        DpuAdmin?.Dispose();
        _authority.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BuildAsync(bool withDpuCluster)
    {
        Directory.CreateDirectory(BfbFolder);
        Web = await FakeWeb.StartAsync();
        _management = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        Admin = KubeClient.FromKubeconfig(_management.AdminKubeconfig);
        foreach (var file in (string[])["dpf-operator/crds", "cert-manager/crds", "maintenance-operator/crds"])
        {
            foreach (var definition in Directory.GetFiles(Path.Combine(Repository(), "deploy/charts", file), "*.yaml"))
            {
                await Admin.ApplyYamlAsync(await File.ReadAllTextAsync(definition, Cancellation));
            }
        }

        await Eventually.SeeAsync(
            () => Admin.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.All(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true));
        await AccountAsync();
        var (certificate, key) = _authority.Issue("dpf-provisioning-client-cert", [], isServer: false);
        await SecretAsync("dpf-provisioning-client-secret", certificate, key);
        _certificates = Task.Run(IssueAsync);
        if (withDpuCluster)
        {
            await AddDpuClusterAsync();
        }
    }

    private async Task AddDpuClusterAsync()
    {
        _dpuServer = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        DpuAdmin = KubeClient.FromKubeconfig(_dpuServer.AdminKubeconfig);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: dpu-cplane-tenant1}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: tenant1-admin-kubeconfig, namespace: dpu-cplane-tenant1}
            data: {admin.conf: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(_dpuServer.AdminKubeconfig))}}}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: tenant1, namespace: dpu-cplane-tenant1}
            spec: {type: static, version: v1.30.2, kubeconfig: tenant1-admin-kubeconfig}
            """);
        await Admin.PatchStatusAsync<DpuCluster>(
            "dpu-cplane-tenant1", "tenant1",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Creating",
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Created", ["status"] = "True", ["reason"] = "Created", ["message"] = "", ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                    }),
                },
            },
            Cancellation);
    }

    /// <summary>The account that the operator makes for the controller, with exactly its rights.</summary>
    private async Task AccountAsync()
    {
        await Admin.ApplyYamlAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Namespace}}}");
        foreach (var value in await OperatorManifestAsync("ServiceAccount", "ClusterRole", "ClusterRoleBinding"))
        {
            await Admin.ApplyAsync(value, "test", Cancellation, Namespace);
        }

        var answer = await Admin.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{Namespace}/serviceaccounts/dpf-provisioning-controller-manager/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "account")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), (string)answer!["status"]!["token"]!, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), _management!.CaPem, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), Namespace, Cancellation);
    }

    private static async Task<IEnumerable<JsonObject>> OperatorManifestAsync(params string[] kinds)
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(Repository(), "src/Operator/Manifests/provisioning-controller.yaml"), Cancellation);
        return Manifests.Parse(manifest, "provisioning-controller.yaml").Where(v => kinds.Contains((string?)v["kind"]));
    }

    /// <summary>Does what cert-manager does.</summary>
    private async Task IssueAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var certificate in await Admin.ListAsync("cert-manager.io/v1", "Certificate", Namespace, _stop.Token))
            {
                var name = (string)certificate["spec"]!["secretName"]!;
                if (await Admin.GetAsync<V1Secret>(Namespace, name, _stop.Token) is null)
                {
                    var (pem, key) = _authority.Issue("server", certificate["spec"]!["ipAddresses"]!.AsArray().Select(a => (string)a!), isServer: true);
                    await SecretAsync(name, pem, key);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, _stop.Token);
        }
    }

    private Task SecretAsync(string name, string certificate, string key) => Admin.CreateAsync(
        new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Namespace },
            Data = new Dictionary<string, byte[]>
            {
                ["ca.crt"] = Encoding.UTF8.GetBytes(_authority.Pem), ["tls.crt"] = Encoding.UTF8.GetBytes(certificate), ["tls.key"] = Encoding.UTF8.GetBytes(key),
            },
        },
        _stop.Token);

    internal static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILoggerFactory, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Microsoft.", StringComparison.Ordinal) ? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance : this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
