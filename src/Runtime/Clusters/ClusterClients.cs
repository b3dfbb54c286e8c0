using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Clusters;

/// <summary>
/// Clients of clusters that come and go, each known by a Secret with its kubeconfig. A client lives as long as the Secret says
/// the same: a rotated kubeconfig gives a new one.
/// </summary>
public sealed class ClusterClients(KubeClient management, INetworkNamespace? network, TimeProvider time, ILoggerFactory loggers)
    : IAsyncDisposable
{
    private static readonly string[] Keys = ["super-admin.conf", "admin.conf", "kubeconfig", "value"];
    private readonly ConcurrentDictionary<NamespacedName, (string Digest, RemoteCluster Cluster)> _clusters = new();

    /// <summary>The cluster whose kubeconfig the Secret <paramref name="secret"/> holds; null while there is no such Secret.</summary>
    /// <exception cref="FormatException">The Secret holds no kubeconfig; the message names it, never its content.</exception>
    public async Task<RemoteCluster?> GetAsync(NamespacedName secret, CancellationToken cancellation)
    {
        var value = await management.GetAsync<V1Secret>(secret.Namespace, secret.Name, cancellation);
        if (value is null)
        {
            await ForgetAsync(secret);
            return null;
        }

        var data = Keys.Select(key => value.Data?.TryGetValue(key, out var bytes) == true ? bytes : null).FirstOrDefault(b => b is not null)
            ?? throw new FormatException($"Secret {secret}: none of the keys {string.Join(", ", Keys)}; it should hold a kubeconfig");
        var digest = Convert.ToHexString(SHA256.HashData(data));
        if (_clusters.TryGetValue(secret, out var known))
        {
            if (known.Digest == digest)
            {
                return known.Cluster;
            }

            await ForgetAsync(secret);
        }

        KubeClient client;
        try
        {
            client = new KubeClient(KubeConnection.FromKubeconfig(Encoding.UTF8.GetString(data), network), management.Vitals)
            {
                // A dead cluster must not hold up the living ones.
                RequestTimeout = TimeSpan.FromSeconds(10),
            };
        }
        catch (FormatException e)
        {
            throw new FormatException($"Secret {secret}: {e.Message}", e);
        }

        var cluster = new RemoteCluster(client, new Cache(client, time, loggers));
        if (_clusters.TryAdd(secret, (digest, cluster)))
        {
            return cluster;
        }

        // Somebody else was faster with the same Secret: theirs is as good.
        await cluster.DisposeAsync();
        return await GetAsync(secret, cancellation);
    }

    /// <summary>Closes a cluster's client and informers, because nobody wants them any more.</summary>
    public async Task ForgetAsync(NamespacedName secret)
    {
        if (_clusters.TryRemove(secret, out var gone))
        {
            await gone.Cluster.DisposeAsync();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, cluster) in _clusters.Values)
        {
            await cluster.DisposeAsync();
        }

        _clusters.Clear();
    }
}

/// <summary>Another cluster: its client and its informers.</summary>
/// <param name="Client">The client.</param>
/// <param name="Cache">Informers on it.</param>
public sealed record RemoteCluster(KubeClient Client, Cache Cache) : IAsyncDisposable
{
    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        Client.Dispose();
    }
}
