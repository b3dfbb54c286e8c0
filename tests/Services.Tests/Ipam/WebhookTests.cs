using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Dpf.Services.Ipam;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Services.Tests.Ipam;

/// <summary>The component as a pod runs it, with the API server asking its webhook.</summary>
public sealed class WebhookTests(TwoClusters clusters) : IClassFixture<TwoClusters>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-services-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_API_server_refuses_what_the_webhook_does()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var port = FreePort();
        var running = new DpuServiceControllerComponent().RunAsync(await ContextAsync(port), stop.Token);
        try
        {
            await clusters.Management.ApplyYamlAsync($$"""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: ipam}
                webhooks:
                - name: ipam-validator.svc.dpu.nvidia.com
                  admissionReviewVersions: [v1]
                  sideEffects: None
                  failurePolicy: Fail
                  clientConfig:
                    url: https://127.0.0.1:{{port}}{{IpamWebhook.Path}}
                    caBundle: {{Convert.ToBase64String(await File.ReadAllBytesAsync(Path.Combine(_folder, "tls.crt"), Cancellation))}}
                  rules: [{apiGroups: [svc.dpu.nvidia.com], apiVersions: [v1alpha1], operations: [CREATE, UPDATE], resources: [dpuserviceipams]}]
                """);
            Assert.Contains("either ipv4Subnet or ipv4Network must be specified", await RefusalAsync("{}"), StringComparison.Ordinal);
            var good = "{ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8} }";
            await clusters.Management.ApplyYamlAsync(Ipam(good));
            Assert.Contains("you cannot shrink", await RefusalAsync(good.Replace("/20", "/24", StringComparison.Ordinal)), StringComparison.Ordinal);
            await clusters.Management.DeleteAsync("svc.dpu.nvidia.com/v1alpha1", "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool", Cancellation);
            await clusters.Management.LosesAsync("svc.dpu.nvidia.com/v1alpha1", "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool");
        }
        finally
        {
            await clusters.Management.DeleteAsync("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", null, "ipam", CancellationToken.None);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            await clusters.StartControllersAsync();
        }
    }

    private static string Ipam(string spec) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceIPAM
        metadata: {name: pool, namespace: {{TwoClusters.SystemNamespace}} }
        spec: {{spec}}
        """;

    // The server needs a moment to know of the webhook, and the webhook to listen.
    private async Task<string> RefusalAsync(string spec) => await Eventually.SeeAsync(
        async () =>
        {
            try
            {
                await clusters.Management.ApplyYamlAsync(Ipam(spec));
                return "";
            }
            catch (KubeException e)
            {
                return e.Code == HttpStatusCode.BadRequest ? e.Message : "";
            }
        },
        message => message.Length > 0);

    private async Task<ComponentContext> ContextAsync(int port)
    {
        await clusters.StopControllersAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "token"), await clusters.ControllerTokenAsync(), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.crt"), clusters.ManagementServer.CaPem, Cancellation);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
        await File.WriteAllTextAsync(Path.Combine(_folder, "tls.crt"), certificate.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder, "tls.key"), key.ExportECPrivateKeyPem(), Cancellation);
        var server = new Uri(clusters.ManagementServer.Address);
        return new ComponentContext
        {
            Name = "dpuservice-controller",
            Arguments = ["--leader-elect", $"--webhook-port={port}"],
            Environment = new Dictionary<string, string>
            {
                ["KUBERNETES_SERVICE_HOST"] = server.Host,
                ["KUBERNETES_SERVICE_PORT"] = server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
            Machine = new LocalMachine(),
            Network = new PlainNetwork(),
            Mounts = new Dictionary<string, string>
            {
                ["/var/run/secrets/kubernetes.io/serviceaccount"] = _folder, [IpamWebhook.CertificateFolder] = _folder,
            },
            Loggers = NullLoggerFactory.Instance,
        };
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
