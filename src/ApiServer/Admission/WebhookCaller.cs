using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Admission;

/// <summary>Calls webhooks: a service by one of its ready endpoints, or a URL; over TLS that its CA bundle vouches for.</summary>
internal sealed class WebhookCaller(ServerComposition server)
{
    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    /// <summary>The response part of the review's answer.</summary>
    public async Task<JsonObject> CallAsync(JsonObject hook, JsonObject review, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(TimeSpan.FromSeconds(hook.Number("timeoutSeconds") ?? 10));
        var client = hook.At("clientConfig")!;
        var url = Url(client);
        using var content = new StringContent(review.ToJsonString(JsonText.Relaxed), Encoding.UTF8, "application/json");
        using var response = await Client(client, url).PostAsync(url, content, timeout.Token);
        var text = await response.Content.ReadAsStringAsync(timeout.Token);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{url} answered {(int)response.StatusCode}: {text}");
        }

        return JsonReading.Parse(Encoding.UTF8.GetBytes(text)).At("response") as JsonObject
            ?? throw new HttpRequestException($"{url} answered without a response");
    }

    private static Uri Url(JsonNode client) => client.Text("url") is { } url
        ? new Uri(url)
        : new Uri($"https://{client.Text("service", "name")}.{client.Text("service", "namespace")}.svc:{client.Number("service", "port") ?? 443}{client.Text("service", "path") ?? "/"}");

    private HttpClient Client(JsonNode config, Uri url)
    {
        var bundle = config.Text("caBundle") ?? "";
        return _clients.GetOrAdd($"{url.Host}:{url.Port} {bundle}", _ =>
        {
            var roots = new X509Certificate2Collection();
            if (bundle.Length > 0)
            {
                roots.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
            }

            var service = config.At("service") as JsonObject;
            return new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = (context, cancellation) => ConnectAsync(service, context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation),
                PooledConnectionLifetime = TimeSpan.FromSeconds(30),
                SslOptions = new SslClientAuthenticationOptions
                {
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors, roots),
                },
            })
            { Timeout = Timeout.InfiniteTimeSpan };
        });
    }

    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection roots)
    {
        if (certificate is not X509Certificate2 leaf || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        if (roots.Count == 0)
        {
            return errors == SslPolicyErrors.None;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(leaf);
    }

    private async ValueTask<Stream> ConnectAsync(JsonObject? service, string host, int port, CancellationToken cancellation)
    {
        if (service is not null)
        {
            (host, port) = Endpoint(service.Text("namespace") ?? "", service.Text("name") ?? "", port);
        }

        return await Dialing.DialAsync(server.Options, host, port, cancellation);
    }

    private (string Address, int Port) Endpoint(string ns, string name, int port)
    {
        var service = server.Objects.Find(server.Registry.Find("", "v1", "services")!, ns, name)
            ?? throw new HttpRequestException($"service {ns}/{name} not found");
        var portName = service.Objects("spec", "ports").FirstOrDefault(p => p.Number("port") == port).Text("name");
        var slices = server.Registry.Find("discovery.k8s.io", "v1", "endpointslices")!;
        foreach (var slice in server.Objects.List(slices, ns).Where(s => s.Text("metadata", "labels", "kubernetes.io/service-name") == name))
        {
            var target = slice.Objects("ports").FirstOrDefault(p => (p.Text("name") ?? "") == (portName ?? ""));
            var ready = slice.Objects("endpoints").FirstOrDefault(e => e.At("conditions", "ready") is null || e.Flag("conditions", "ready"));
            if (target.Number("port") is { } number && ready.Texts("addresses").FirstOrDefault() is { } address)
            {
                return (address, (int)number);
            }
        }

        throw new HttpRequestException($"no endpoints available for service \"{name}\"");
    }
}
