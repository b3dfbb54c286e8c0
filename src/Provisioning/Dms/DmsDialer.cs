using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Tls;
using Grpc.Net.Client;
using k8s.Models;

namespace Dpf.Provisioning.Dms;

/// <summary>Reaches the DMS of a DPU: mutual TLS, with certificates of provisioning's own authority.</summary>
internal sealed class DmsDialer(KubeClient client, INetworkNamespace network, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether something listens on the pod's DMS port.</summary>
    public async Task<bool> ListensAsync(V1Pod pod, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            using var socket = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(EndPoint(pod), limit.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>A client of the pod's DMS; the connection is made at the first call.</summary>
    /// <exception cref="DmsException">A certificate is not there yet, or unusable; the message names its Secret.</exception>
    public async Task<DmsClient> ConnectAsync(Dpu dpu, V1Pod pod, CancellationToken cancellation)
    {
        var ns = dpu.Metadata.NamespaceProperty;
        var server = await SecretAsync(ns, DpuNames.ServerSecret(dpu), cancellation);
        var own = await SecretAsync(ns, DpuNames.ClientSecret, cancellation);
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
            ConnectTimeout = Patience,
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = (context, stop) => network.DialAsync(context.DnsEndPoint, stop),
        };
        try
        {
            Trust(handler, server, own, ns);
        }
        catch (Exception e) when (e is CryptographicException or DmsException)
        {
            handler.Dispose();
            throw e as DmsException ?? new DmsException($"the certificates for DMS of {dpu.Metadata.Name}: {e.Message}");
        }

        var channel = GrpcChannel.ForAddress($"https://{EndPoint(pod)}", new GrpcChannelOptions
        {
            HttpHandler = handler,
            ThrowOperationCanceledOnCancellation = true,
        });
        return new DmsClient(channel, handler);
    }

    private static IPEndPoint EndPoint(V1Pod pod) => new(IPAddress.Parse(pod.Status.PodIP), DmsPod.PortOf(pod));

    private static void Trust(SocketsHttpHandler handler, V1Secret server, V1Secret own, string ns)
    {
        handler.SslOptions.CertificateChainPolicy = TlsTrust.Only(Text(server, "ca.crt", ns));
        handler.SslOptions.ClientCertificateContext = TlsTrust.Own(Text(own, "tls.crt", ns), Text(own, "tls.key", ns));
    }

    private static string Text(V1Secret secret, string key, string ns) =>
        secret.Data?.TryGetValue(key, out var bytes) == true
            ? Encoding.UTF8.GetString(bytes)
            : throw new DmsException($"Secret {ns}/{secret.Metadata.Name} has no {key} yet; cert-manager writes it");

    private async Task<V1Secret> SecretAsync(string ns, string name, CancellationToken cancellation) =>
        await client.GetAsync<V1Secret>(ns, name, cancellation)
            ?? throw new DmsException($"Secret {ns}/{name} is not there yet; cert-manager makes it from its Certificate");
}
