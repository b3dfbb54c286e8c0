using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Dpus;

/// <summary>
/// Tokens that DPUs join their cluster with: one for each, short-lived, kept alive while the DPU is on its way, taken back when it
/// has joined. Nothing of a token is kept in the management cluster.
/// </summary>
internal sealed class JoinTokens(DpuClusterAccess clusters, TimeProvider time, ILogger logger)
{
    private const string SystemNamespace = "kube-system";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(2);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _nextLook = new(StringComparer.Ordinal);

    /// <summary>How often a token has to be kept alive.</summary>
    public static TimeSpan Interval { get; } = Lifetime / 4;

    /// <summary>The command that joins a DPU to its cluster, with a fresh token. A secret.</summary>
    /// <exception cref="DpuClusterException">The cluster cannot be reached.</exception>
    /// <exception cref="KubeException">The cluster refused the token.</exception>
    public async Task<string> CreateCommandAsync(Dpu dpu, CancellationToken cancellation)
    {
        await RevokeAsync(dpu, cancellation);
        var remote = await clusters.OfAsync(dpu, cancellation);
        var id = RandomNumberGenerator.GetString(Letters, 6);
        var secret = RandomNumberGenerator.GetString(Letters, 16);
        var now = time.GetUtcNow();
        await remote.Client.CreateAsync(Plan(dpu, id, secret, now + Lifetime), cancellation);
        _nextLook[dpu.Metadata.Uid] = now + Interval;
        return Command(remote.Client.Connection, $"{id}.{secret}");
    }

    /// <summary>
    /// Keeps a DPU's token alive: its host may be restarted by hand, days later. A cluster that is away does not hold the DPU up.
    /// </summary>
    public async Task KeepAliveAsync(Dpu dpu, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_nextLook.TryGetValue(dpu.Metadata.Uid, out var next) && now < next)
        {
            return;
        }

        try
        {
            var remote = await clusters.OfAsync(dpu, cancellation);
            foreach (var token in await ListAsync(remote, dpu, cancellation))
            {
                await remote.Client.PatchAsync<V1Secret>(
                    SystemNamespace, token.Metadata.Name,
                    new JsonObject { ["stringData"] = new JsonObject { ["expiration"] = Text(now + Lifetime) } }, cancellation);
            }

            _nextLook[dpu.Metadata.Uid] = now + Interval;
        }
        catch (Exception e) when (e is DpuClusterException or KubeException or HttpRequestException or TimeoutException)
        {
            logger.LogDebug("{Dpu}: its join token was not kept alive: {Message}", dpu.Metadata.Name, e.Message);
            _nextLook[dpu.Metadata.Uid] = now + TimeSpan.FromMinutes(1);
        }
    }

    /// <summary>
    /// Whether a DPU that is installed can join its cluster no more: it has no token left, and is no node there. False where the
    /// cluster does not answer.
    /// </summary>
    public async Task<bool> CannotJoinAsync(Dpu dpu, CancellationToken cancellation)
    {
        try
        {
            var remote = await clusters.OfAsync(dpu, cancellation);
            return (await ListAsync(remote, dpu, cancellation)).Count == 0 &&
                await remote.Client.GetAsync<V1Node>(null, dpu.Metadata.Name, cancellation) is null;
        }
        catch (Exception e) when (e is DpuClusterException or KubeException or HttpRequestException or TimeoutException)
        {
            logger.LogDebug("{Dpu}: whether it can join is not known: {Message}", dpu.Metadata.Name, e.Message);
            return false;
        }
    }

    /// <summary>Takes a DPU's tokens back.</summary>
    public async Task RevokeAsync(Dpu dpu, CancellationToken cancellation)
    {
        _nextLook.TryRemove(dpu.Metadata.Uid, out _);
        var remote = await clusters.OfAsync(dpu, cancellation);
        foreach (var token in await ListAsync(remote, dpu, cancellation))
        {
            await remote.Client.DeleteAsync<V1Secret>(SystemNamespace, token.Metadata.Name, cancellation);
        }
    }

    /// <summary>The Secret that makes a token known to the cluster.</summary>
    internal static V1Secret Plan(Dpu dpu, string id, string secret, DateTimeOffset end) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "bootstrap-token-" + id,
            NamespaceProperty = SystemNamespace,
            Labels = new Dictionary<string, string> { [ProvisioningLabels.JoinTokenOf] = dpu.Metadata.Uid },
        },
        Type = "bootstrap.kubernetes.io/token",
        StringData = new Dictionary<string, string>
        {
            ["token-id"] = id,
            ["token-secret"] = secret,
            ["expiration"] = Text(end),
            ["usage-bootstrap-authentication"] = "true",
            ["usage-bootstrap-signing"] = "true",
            ["auth-extra-groups"] = "system:bootstrappers:kubeadm:default-node-token",
        },
    };

    /// <summary>The command: where the cluster is, the token, and by which key its authority is known.</summary>
    /// <exception cref="DpuClusterException">The kubeconfig names no authority.</exception>
    internal static string Command(KubeConnection connection, string token)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(connection.CertificateAuthority ?? throw new DpuClusterException(
            $"the kubeconfig for {connection.Server} has no certificate-authority-data; a joining DPU could not trust the cluster"));
        var command = new StringBuilder("kubeadm join ").Append(connection.Server.Authority.Contains(':', StringComparison.Ordinal)
            ? connection.Server.Authority
            : string.Create(CultureInfo.InvariantCulture, $"{connection.Server.Host}:{connection.Server.Port}"));
        command.Append(" --token ").Append(token);
        foreach (var authority in authorities)
        {
            var digest = SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo());
            command.Append(" --discovery-token-ca-cert-hash sha256:").Append(Convert.ToHexStringLower(digest));
            authority.Dispose();
        }

        return command.Append(" --v=5").ToString();
    }

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Task<IReadOnlyList<V1Secret>> ListAsync(RemoteCluster remote, Dpu dpu, CancellationToken cancellation) =>
        remote.Client.ListAsync<V1Secret>(
            SystemNamespace, cancellation, $"{ProvisioningLabels.JoinTokenOf}={dpu.Metadata.Uid}");
}
