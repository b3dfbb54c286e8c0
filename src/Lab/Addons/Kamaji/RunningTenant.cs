using System.Net;
using System.Net.Sockets;
using Dpf.Lab.ControlPlane;
using Dpf.Lab.ControlPlane.Nodes;
using Dpf.Lab.Machines;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Addons.Kamaji;

/// <summary>One tenant's API server and controllers.</summary>
internal sealed class RunningTenant : IAsyncDisposable
{
    private readonly IRunningApiServer _server;
    private readonly KubeClient _client;
    private readonly CancellationTokenSource _stop;
    private readonly Task _controllers;
    private readonly string _data;
    private readonly (string?, int, string) _settings;

    private RunningTenant(
        TenantControlPlane tenant, IRunningApiServer server, KubeClient client, (string, string) admin, string data,
        CancellationTokenSource stop, Task controllers)
    {
        (_server, _client, _data, _stop, _controllers) = (server, client, data, stop, controllers);
        (Uid, AdminCertificate, _settings) = (tenant.Metadata.Uid, admin, Settings(tenant));
        AuthorityPem = server.Authority.ExportCertificatePem() + "\n";
    }

    /// <summary>Which incarnation of the tenant this is.</summary>
    public string Uid { get; }

    /// <summary>The tenant's authority.</summary>
    public string AuthorityPem { get; }

    /// <summary>The administrator's certificate and key.</summary>
    public (string Certificate, string Key) AdminCertificate { get; }

    /// <summary>Starts the server on the component's machine, then the controllers beside it.</summary>
    public static async Task<RunningTenant> StartAsync(
        TenantControlPlane tenant, IApiServerLauncher launcher, ComponentContext context, CancellationToken lifetime)
    {
        var network = context.Machine.Network;
        var data = context.Path($"{context.Option("data", "/var/lib/kamaji")}/{tenant.Metadata.Uid}");
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var server = await launcher.StartAsync(
            new ApiServerPlacement
            {
                DataPath = data,
                Host = tenant.Address!,
                Port = tenant.Port,
                BoundSocket = () => Bind(network, tenant.ListenPort),
                Dialer = async (host, port, stop) => await network.DialAsync(new DnsEndPoint(host, port), stop),
                ServiceCidr = tenant.ServiceCidr,
                KubernetesVersion = tenant.Version,
                ExtraSans = ["127.0.0.1", "localhost", $"{tenant.Metadata.Name}.{tenant.Metadata.NamespaceProperty}.svc"],
                Loggers = context.Loggers,
                Time = context.Time,
            },
            lifetime);
        using var certificate = server.IssueClient("kubernetes-admin", ["system:masters"]);
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(certificate)
            ?? throw new InvalidOperationException("the API server issued a certificate without an elliptic-curve key");
        var admin = (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");

        // By loopback: the virtual address may be somebody else's at the moment.
        var client = new KubeClient(new KubeConnection
        {
            Server = new Uri($"https://127.0.0.1:{tenant.ListenPort}"),
            CertificateAuthority = server.Authority.ExportCertificatePem(),
            ClientCertificate = admin,
            Network = network,
        });
        var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime);
        var options = new ControlPlaneOptions
        {
            Sign = CertificateSigner.For(server.Authority, context.Time),
            PodCidr = tenant.PodCidr,
            Loggers = context.Loggers,
            Time = context.Time,
        };
        var logger = context.Loggers.CreateLogger($"kamaji {tenant.Metadata.Name}");
        var controllers = Task.Run(
            () => Supervision.KeepAsync(running => ClusterControllers.RunAsync(client, options, running), logger, context.Time, stop.Token), CancellationToken.None);
        return new RunningTenant(tenant, server, client, admin, data, stop, controllers);
    }

    /// <summary>Whether the tenant wants to be reached elsewhere, or at another version.</summary>
    public bool IsOutdated(TenantControlPlane tenant) => tenant.Metadata.Uid != Uid || Settings(tenant) != _settings;

    /// <summary>Makes sure that machines can join.</summary>
    public async Task BootstrapAsync(string server, CancellationToken cancellation)
    {
        foreach (var manifest in TenantObjects.Bootstrap(server, AuthorityPem))
        {
            await _client.ApplyAsync(manifest, "kamaji", cancellation);
        }
    }

    /// <summary>Forgets the tenant for good.</summary>
    public void RemoveData()
    {
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _controllers;
        _client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private static (string?, int, string) Settings(TenantControlPlane tenant) => (tenant.Address, tenant.Port, tenant.Version);

    private static Socket Bind(INetworkNamespace network, int port)
    {
        var socket = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        return socket;
    }
}
