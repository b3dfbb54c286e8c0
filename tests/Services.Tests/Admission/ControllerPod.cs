using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;

namespace Dpf.Services.Tests.Admission;

/// <summary>The component as a pod of the operator's Deployment runs it: its account's token, its certificate, its lease.</summary>
internal sealed class ControllerPod : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder;
    private readonly Task _running;

    private ControllerPod(string folder, IComponent component, ComponentContext context, int port)
    {
        (_folder, Port) = (folder, port);
        _running = component.RunAsync(context, _stop.Token);
    }

    /// <summary>Where it answers webhooks.</summary>
    public int Port { get; }

    /// <summary>Whom to trust.</summary>
    public string CaBundle => Convert.ToBase64String(File.ReadAllBytes(Path.Combine(_folder, "tls.crt")));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts a pod.</summary>
    /// <param name="clusters">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="component">What it runs; the services' controller when left out.</param>
    /// <param name="token">Its account's token; that of the services' controller when left out.</param>
    public static async Task<ControllerPod> StartAsync(TwoClusters clusters, string name, IComponent? component = null, string? token = null)
    {
        var folder = Directory.CreateTempSubdirectory("dpf-services-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), token ?? await clusters.ControllerTokenAsync(), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), clusters.ManagementServer.CaPem, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), TwoClusters.SystemNamespace, Cancellation);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName($"dpuservice-webhook-service.{TwoClusters.SystemNamespace}.svc");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), key.ExportECPrivateKeyPem(), Cancellation);
        var (server, port) = (new Uri(clusters.ManagementServer.Address), FreePort());
        var context = new ComponentContext
        {
            Name = name,
            Arguments = ["--leader-elect", $"--webhook-port={port}"],
            Environment = new Dictionary<string, string>
            {
                ["HOSTNAME"] = name,
                ["KUBERNETES_SERVICE_HOST"] = server.Host,
                ["KUBERNETES_SERVICE_PORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
            },
            Machine = new LocalMachine(),
            Network = new PlainNetwork(),
            Mounts = new Dictionary<string, string>
            {
                ["/var/run/secrets/kubernetes.io/serviceaccount"] = folder, ["/tmp/k8s-webhook-server/serving-certs"] = folder,
            },
            Loggers = new RecentLog(),
        };
        return new ControllerPod(folder, component ?? new DpuServiceControllerComponent(), context, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The network of the test itself: no namespace has to be entered, which only root may.</summary>
    private sealed class PlainNetwork : INetworkNamespace
    {
        public string Path => "/proc/self/ns/net";

        public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol) => new(family, type, protocol);
    }
}
