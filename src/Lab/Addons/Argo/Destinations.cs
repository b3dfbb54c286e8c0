using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;

namespace Dpf.Lab.Addons.Argo;

/// <summary>The clusters that Applications go to, as the cluster Secrets describe them, and what happens to workloads there.</summary>
internal sealed class Destinations(Cache home, ComponentContext context, string ns, Action<string, bool> workloadChanged) : IAsyncDisposable
{
    private static readonly InformerScope Deployed = new(LabelSelector: Application.InstanceLabel);
    private readonly ConcurrentDictionary<string, (string Fingerprint, KubeClient Client, Cache Cache)> _open = new(StringComparer.Ordinal);

    /// <summary>The scope of the Secrets that describe clusters.</summary>
    public static InformerScope Clusters(string ns) => new(ns, "argocd.argoproj.io/secret-type=cluster");

    /// <summary>A client of a cluster; null while nobody has described it.</summary>
    public async Task<KubeClient?> GetAsync(string name)
    {
        if (name == "in-cluster")
        {
            return Open(name, "", () => home.Client.Connection).Client;
        }

        var secret = home.Informer<V1Secret>(Clusters(ns)).All.FirstOrDefault(s => Text(s, "name") == name);
        var fingerprint = secret is null ? null : $"{Text(secret, "server")}\n{Text(secret, "config")}";
        if (_open.TryGetValue(name, out var known) && known.Fingerprint != fingerprint && _open.TryRemove(name, out known))
        {
            await known.Cache.DisposeAsync();
            known.Client.Dispose();
        }

        return secret is null ? null : Open(name, fingerprint!, () => ConnectionOf(secret)).Client;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, client, cache) in _open.Values)
        {
            await cache.DisposeAsync();
            client.Dispose();
        }
    }

    private static string? Text(V1Secret secret, string key) =>
        secret.Data?.TryGetValue(key, out var bytes) == true ? Encoding.UTF8.GetString(bytes) : null;

    private KubeConnection ConnectionOf(V1Secret secret)
    {
        var tls = JsonNode.Parse(Text(secret, "config") ?? "{}")?["tlsClientConfig"];
        string? Pem(string field) => (string?)tls?[field] is { Length: > 0 } base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(base64)) : null;
        return new KubeConnection
        {
            Server = new Uri(Text(secret, "server") ?? throw new FormatException($"cluster Secret {secret.Metadata.Name}: no server")),
            CertificateAuthority = Pem("caData"),
            ClientCertificate = Pem("certData") is { } certificate && Pem("keyData") is { } key ? (certificate, key) : null,
            Network = context.Network,
        };
    }

    private (string Fingerprint, KubeClient Client, Cache Cache) Open(string name, string fingerprint, Func<KubeConnection> connection) =>
        _open.GetOrAdd(name, _ =>
        {
            var client = new KubeClient(connection());
            var cache = new Cache(client, context.Time, context.Loggers);
            Watch<V1Deployment>(cache);
            Watch<V1DaemonSet>(cache);
            Watch<V1StatefulSet>(cache);
            return (fingerprint, client, cache);
        });

    private void Watch<T>(Cache cache)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.Informer<T>(Deployed, informer => informer.Changed += change =>
        {
            if (change.Value.Metadata.Labels?.TryGetValue(Application.InstanceLabel, out var application) == true)
            {
                // A status says how it does; anything else is somebody's hand, to be undone.
                workloadChanged(application, change.After is null ||
                    (change.Before is not null && change.Before.Metadata.Generation != change.After.Metadata.Generation));
            }
        });
}
