using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dpf.ApiServer.Streaming;

/// <summary>
/// <c>log</c>, <c>exec</c>, <c>attach</c> and <c>portforward</c> of pods: passed on to the kubelet of the pod's node; streams
/// (WebSocket, SPDY) byte for byte.
/// </summary>
internal sealed class KubeletProxy(ServerComposition server) : IResourceHandler
{
    private readonly Lazy<SslStreamCertificateContext> _certificate = new(() => SslStreamCertificateContext.Create(
        server.Certificates.Client("kube-apiserver-kubelet-client", ["system:masters"]), additionalCertificates: null, offline: true));

    public async Task HandleAsync(ApiRequest request, CancellationToken cancellation)
    {
        var info = request.Info;
        var pod = server.Objects.Find(request.Definition!, info.Namespace, info.Name)
            ?? throw ApiErrors.NotFound(request.Definition!.GroupResource, info.Name);
        var path = KubeletPath.Of(request, pod);
        var node = pod.Text("spec", "nodeName") ?? "";
        if (node.Length == 0 && info.Subresource == "log")
        {
            // What has not run has said nothing.
            request.Http.Response.ContentType = "text/plain";
            return;
        }

        var (host, port) = Kubelet(node, info.Name);
        try
        {
            await using var kubelet = new SslStream(await Dialing.DialAsync(server.Options, host, port, cancellation));
            await kubelet.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ClientCertificateContext = _certificate.Value,

                    // A kubelet may sign its serving certificate itself, as an API server without a kubelets' authority
                    // accepts; whom we reach is what the node's address says.
#pragma warning disable CA5359
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359

                    // Without it the system's authorities would be looked through, for an answer that does not count.
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
                    },
                },
                cancellation);
            await ForwardAsync(request.Http, kubelet, path, $"{host}:{port}", cancellation);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException && !request.Http.Response.HasStarted)
        {
            throw new ApiException(
                500, "InternalError",
                $"error dialing the kubelet of pod {info.Namespace}/{info.Name} at {host}:{port}: {e.Message}");
        }
    }

    private (string Host, int Port) Kubelet(string node, string pod)
    {
        var value = node.Length == 0 ? null : server.Objects.Find(server.Registry.Find("", "v1", "nodes")!, "", node);
        if (value is null)
        {
            throw ApiErrors.BadRequest($"pod {pod} does not have a host assigned");
        }

        var address = value.Objects("status", "addresses").FirstOrDefault(a => a.Text("type") == "InternalIP").Text("address")
            ?? throw ApiErrors.Internal($"node {node} has no InternalIP");
        return (address, (int)(value.Number("status", "daemonEndpoints", "kubeletEndpoint", "Port") ?? 10250));
    }

    private static async Task ForwardAsync(HttpContext http, Stream kubelet, string path, string host, CancellationToken cancellation)
    {
        var stream = ClientStream.Of(http);
        var headers = stream?.Asking(http.Request.Headers) ??
            http.Request.Headers.Where(h => h.Key is "Accept" or "User-Agent").Select(h => (h.Key, h.Value.ToString())).Append(("Connection", "close"));
        var head = new StringBuilder($"{(http.Request.Method == HttpMethods.Connect ? HttpMethods.Get : http.Request.Method)} {path} HTTP/1.1\r\nHost: {host}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        head.Append("\r\n");
        await kubelet.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), cancellation);
        await kubelet.FlushAsync(cancellation);
        var response = await ResponseHead.ReadAsync(kubelet, cancellation);
        if (response.Status >= 400)
        {
            throw await RefusalAsync(response, kubelet, cancellation);
        }

        if (response.Status == StatusCodes.Status101SwitchingProtocols && stream is not null)
        {
            await using var client = await stream.OpenAsync(http.Response, response);
            await ExchangeAsync(client, kubelet, cancellation);
            return;
        }

        http.Response.StatusCode = response.Status;
        foreach (var (name, value) in response.Headers)
        {
            if (!name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) && !name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
            {
                http.Response.Headers.Append(name, value);
            }
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await http.Response.StartAsync(cancellation);
        await CopyAsync(Body(response, kubelet), http.Response.Body, response.Length, cancellation);
    }

    /// <summary>Carries bytes both ways until one side ends.</summary>
    private static async Task ExchangeAsync(Stream client, Stream kubelet, CancellationToken cancellation)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var down = PumpAsync(kubelet, client, both.Token);
        var up = PumpAsync(client, kubelet, both.Token);
        await Task.WhenAny(down, up);

        // What the kubelet still has to say is worth a moment.
        await Task.WhenAny(down, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation));
        await both.CancelAsync();
    }

    private static Stream Body(ResponseHead response, Stream kubelet) => response.IsChunked ? new ChunkedStream(kubelet) : kubelet;

    /// <summary>What a kubelet refuses it says in plain words, clients understand a Status.</summary>
    private static async Task<ApiException> RefusalAsync(ResponseHead response, Stream kubelet, CancellationToken cancellation)
    {
        using var words = new MemoryStream();
        await CopyAsync(Body(response, kubelet), words, response.Length, cancellation);
        var text = Encoding.UTF8.GetString(words.ToArray()).Trim();
        return response.Status switch
        {
            400 => ApiErrors.BadRequest(text),
            404 => new ApiException(404, "NotFound", text),
            _ => ApiErrors.Internal(text),
        };
    }

    private static async Task CopyAsync(Stream from, Stream to, long? length, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        var left = length ?? long.MaxValue;
        while (left > 0)
        {
            var count = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellation);
            if (count == 0)
            {
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
            await to.FlushAsync(cancellation);
            left -= count;
        }
    }

    private static async Task PumpAsync(Stream from, Stream to, CancellationToken cancellation)
    {
        try
        {
            await CopyAsync(from, to, null, cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side went; the other is closed by our caller.
        }
    }
}
