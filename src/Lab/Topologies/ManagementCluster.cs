using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dpf.Lab.ControlPlane;
using Dpf.Lab.ControlPlane.Nodes;
using Dpf.Lab.Fabric;
using Dpf.Lab.Machines;
using Dpf.Runtime.Clusters;

namespace Dpf.Lab.Topologies;

/// <summary>
/// The cluster that the guide expects to be there: an API server in a process of its own, on the control-plane machine's network,
/// and the built-in controllers.
/// </summary>
internal sealed class ManagementCluster : IAsyncDisposable
{
    /// <summary>The API server's port.</summary>
    public const int Port = 6443;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private readonly SupervisedProcess _server;
    private readonly LabOptions _options;
    private Task _controllers = Task.CompletedTask;

    private ManagementCluster(LabOptions options, SupervisedProcess server) => (_options, _server) = (options, server);

    /// <summary>A client that may do everything.</summary>
    public KubeClient Admin { get; private set; } = null!;

    /// <summary>Starts the API server in the machine's network and the controllers here.</summary>
    /// <exception cref="TimeoutException">The API server does not come up.</exception>
    public static async Task<ManagementCluster> StartAsync(LabOptions options, Machine machine, CancellationToken cancellation)
    {
        var kubeconfig = Path.Combine(options.StateRoot, "kubeconfig");
        var facts = new ApiServerFacts(
            Path.Combine(options.StateRoot, "apiserver"), kubeconfig, LabAddresses.ControlPlane, Port, options.ServiceCidr);
        IReadOnlyList<string> command =
        [
            "nsenter", string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{machine.ProcessId}/ns/net"), "--",
            .. options.ApiServerCommand(facts),
        ];
        var cluster = new ManagementCluster(
            options,
            new SupervisedProcess(
                command, options.StateRoot, Path.Combine(options.StateRoot, "apiserver.log"), options.Loggers.CreateLogger("apiserver"), options.Time));
        try
        {
            await cluster.ConnectAsync(facts, cancellation);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        return cluster;
    }

    /// <summary>Makes a token that a machine may join with, as <c>kubeadm token create</c> does.</summary>
    public async Task<string> CreateJoinTokenAsync(CancellationToken cancellation)
    {
        var id = System.Security.Cryptography.RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 6);
        var secret = System.Security.Cryptography.RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 16);
        await Admin.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Secret",
                ["metadata"] = new JsonObject { ["name"] = "bootstrap-token-" + id, ["namespace"] = "kube-system" },
                ["type"] = "bootstrap.kubernetes.io/token",
                ["stringData"] = new JsonObject
                {
                    ["token-id"] = id,
                    ["token-secret"] = secret,
                    ["usage-bootstrap-authentication"] = "true",
                    ["usage-bootstrap-signing"] = "true",
                    ["auth-extra-groups"] = "system:bootstrappers:kubeadm:default-node-token",
                    ["expiration"] = _options.Time.GetUtcNow().AddHours(1).ToRfc3339(),
                },
            },
            "kubeadm", cancellation);
        return $"{id}.{secret}";
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _controllers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Admin?.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ConnectAsync(ApiServerFacts facts, CancellationToken cancellation)
    {
        var start = _options.Time.GetTimestamp();
        while (!File.Exists(facts.Kubeconfig))
        {
            if (_options.Time.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"the API server did not come up; its log: {Path.Combine(_options.StateRoot, "apiserver.log")}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), _options.Time, cancellation);
        }

        Admin = KubeClient.FromKubeconfig(await File.ReadAllTextAsync(facts.Kubeconfig, cancellation));
        _controllers = Task.Run(() => KeepControllersAsync(facts), CancellationToken.None);
        await ClusterDns.InstallAsync(Admin, _options.ClusterDns, cancellation);
    }

    // An API server that is killed takes its controllers' watches with it: they begin anew.
    private async Task KeepControllersAsync(ApiServerFacts facts)
    {
        using var authority = X509Certificate2.CreateFromPemFile(Path.Combine(facts.DataPath, "pki", "ca.crt"), Path.Combine(facts.DataPath, "pki", "ca.key"));
        var options = new ControlPlaneOptions
        {
            LoadBalancerCidrs = _options.IsDual ? [LabAddresses.LoadBalancers, LabAddresses.LoadBalancersSix] : [LabAddresses.LoadBalancers],
            Sign = CertificateSigner.For(authority, _options.Time),
            Loggers = _options.Loggers,
            Time = _options.Time,
        };
        await Supervision.KeepAsync(
            stop => ClusterControllers.RunAsync(Admin, options, stop), _options.Loggers.CreateLogger("controllers"), _options.Time, _stop.Token);
    }
}
