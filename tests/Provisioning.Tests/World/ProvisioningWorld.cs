using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Lab.Repository;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Provisioning.Tests.World;

/// <summary>
/// A management cluster, a DPU cluster and workers, and our controller between them, with its own account's rights. Everything
/// around the controller is an API server or a server on a socket.
/// </summary>
internal sealed partial class ProvisioningWorld : IAsyncDisposable
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
    private Task _joining = Task.CompletedTask;

    public KubeClient Admin { get; private set; } = null!;

    public KubeClient DpuAdmin { get; private set; } = null!;

    public DmsScript Dms { get; } = new();

    public FakeWeb Web { get; private set; } = null!;

    /// <summary>Further variables of the controller's environment; a card that is none has no first boot to be left alone.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["CLOUD_INIT_TIMEOUT"] = "0" };

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
        Web.Files[$"/{image}-1.2.3.bfb"] = BootImage.Create($"{image}-1.2.3.bfb", 300_000);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: BFB
            metadata: {name: {{image}}, namespace: {{Namespace}}}
            spec: {url: "{{Web.Address}}/{{image}}-1.2.3.bfb"}
            """);
        await AddFlavorAsync(flavor);
    }

    /// <summary>A flavor.</summary>
    public Task AddFlavorAsync(string name = "flavor", string more = "") => Admin.ApplyYamlAsync($$"""
        apiVersion: provisioning.dpu.nvidia.com/v1alpha1
        kind: DPUFlavor
        metadata: {name: {{name}}, namespace: {{Namespace}}}
        spec:
          nvconfig: [{device: "*", parameters: [NUM_OF_VFS=46]}]
          {{more}}
        """);

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

    /// <summary>From now on every DPU that is to join its cluster does, as a healthy one would.</summary>
    public void KeepJoining() => _joining = Task.Run(async () =>
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var dpu in (await Admin.ListAsync<Dpu>(Namespace, _stop.Token)).Where(d => d.Status?.Phase == Provisioning.Dpus.DpuPhases.ClusterConfig && d.Metadata.DeletionTimestamp is null))
            {
                await JoinAsync(dpu.Metadata.Name);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, _stop.Token);
        }
    });

    /// <summary>A DPU that another controller made, long ago, and that works.</summary>
    public async Task AddReadyDpuAsync(string host, string image = "bf-bundle")
    {
        await JoinAsync(host + "-0000-03-00");
        await AddDpuAsync(host, Provisioning.Dpus.DpuPhases.Ready, image);
    }

    /// <summary>A DPU that another controller brought as far as a phase, long ago: whatever has a limit there has passed it.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="phase">The phase.</param>
    /// <param name="image">Its boot image.</param>
    /// <param name="effect">Its node effect.</param>
    /// <param name="pci">Where it is.</param>
    /// <param name="annotations">What that controller wrote down.</param>
    /// <param name="never">A condition that it never had.</param>
    public async Task AddDpuAsync(
        string host, string phase, string image = "bf-bundle", string effect = "noEffect: true", string pci = "0000-03-00", string annotations = "",
        string? never = null)
    {
        var name = $"{host}-{pci}";
        await Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata:
              name: {{name}}
              namespace: {{Namespace}}
              annotations: { {{annotations}} }
              labels:
                provisioning.dpu.nvidia.com/dpuset-name: dpuset
                provisioning.dpu.nvidia.com/dpuset-namespace: {{Namespace}}
                provisioning.dpu.nvidia.com/dpu-pciAddress: {{pci}}
            spec:
              nodeName: {{host}}
              bfb: {{image}}
              dpuFlavor: flavor
              nodeEffect: { {{effect}} }
              cluster: {name: tenant1, namespace: dpu-cplane-tenant1}
            """);
        var conditions = Provisioning.Dpus.PhaseTable.Way.TakeWhile(row => row.Phase != phase).Where(row => row.Condition != never).Select(row => new JsonObject
        {
            ["type"] = row.Condition, ["status"] = "True", ["reason"] = row.Condition, ["message"] = "", ["lastTransitionTime"] = "2025-01-01T00:00:00Z",
        });
        await Admin.PatchStatusAsync<Dpu>(
            Namespace, name, new JsonObject { ["status"] = new JsonObject { ["phase"] = phase, ["conditions"] = new JsonArray([.. conditions]) } }, Cancellation);
    }

    /// <summary>Waits until a condition of a DPU is False for a reason.</summary>
    public Task<Dpu> SaysAsync(string dpu, string condition, string reason, string message = "") => Admin.HasAsync<Dpu>(
        Namespace, dpu,
        d => d.Status?.Conditions.Find(condition) is { Status: "False" } c && c.Reason == reason && c.Message.Contains(message, StringComparison.Ordinal));

    /// <summary>Waits until a DPU is in a phase.</summary>
    public Task<Dpu> PhaseAsync(string dpu, string phase) => Admin.HasAsync<Dpu>(Namespace, dpu, d => d.Status?.Phase == phase);

    /// <summary>Takes the control plane of the DPU cluster away.</summary>
    public async Task StopDpuClusterAsync()
    {
        await _dpuServer!.DisposeAsync();
        _dpuServer = null;
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
            Environment = new Dictionary<string, string>(Variables)
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
        await _joining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    internal static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
