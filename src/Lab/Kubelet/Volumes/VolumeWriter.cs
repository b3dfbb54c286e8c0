using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Lab.Kubelet.Pods;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Volumes;

/// <summary>Writes the volumes that show objects of the API: config maps, secrets, tokens and the pod itself.</summary>
internal sealed class VolumeWriter(NodeContext node, Func<V1Pod> pod, Func<PodFields> fields) : IDisposable
{
    private readonly Dictionary<string, ObjectWatch<V1ConfigMap>> _maps = [];
    private readonly Dictionary<string, ObjectWatch<V1Secret>> _secrets = [];
    private readonly Dictionary<(string Volume, string Path), (byte[] Token, DateTimeOffset RenewAt)> _tokens = [];

    /// <summary>Something shown has changed.</summary>
    public event Action? Changed;

    /// <summary>When the next token is to be renewed.</summary>
    public DateTimeOffset NextRenewal => _tokens.Count == 0 ? DateTimeOffset.MaxValue : _tokens.Values.Min(t => t.RenewAt);

    /// <summary>Whether a volume is one that is written.</summary>
    public static bool IsWritten(V1Volume volume) =>
        volume is { ConfigMap: not null } or { Secret: not null } or { Projected: not null } or { DownwardAPI: not null };

    /// <summary>Makes the folder show what there is now.</summary>
    /// <exception cref="VolumeException">Something is missing.</exception>
    public async Task WriteAsync(V1Volume volume, string folder, CancellationToken cancellation)
    {
        var files = volume switch
        {
            { ConfigMap: { } map } => await MapAsync(map.Name, map.Items, map.Optional, map.DefaultMode, cancellation),
            { Secret: { } secret } => await SecretAsync(secret.SecretName, secret.Items, secret.Optional, secret.DefaultMode, cancellation),
            { DownwardAPI: { } downward } => VolumeContent.Downward(downward.Items, fields(), downward.DefaultMode),
            _ => await ProjectedAsync(volume, cancellation),
        };
        AtomicFolder.Write(node.Machine.Path(folder), files);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var watch in _maps.Values.Cast<IDisposable>().Concat(_secrets.Values))
        {
            watch.Dispose();
        }

        _maps.Clear();
        _secrets.Clear();
    }

    private async Task<Dictionary<string, VolumeFile>> ProjectedAsync(V1Volume volume, CancellationToken cancellation)
    {
        Dictionary<string, VolumeFile> files = [];
        var mode = volume.Projected.DefaultMode;
        foreach (var source in volume.Projected.Sources ?? [])
        {
            var part = source switch
            {
                { ConfigMap: { } map } => await MapAsync(map.Name, map.Items, map.Optional, mode, cancellation),
                { Secret: { } secret } => await SecretAsync(secret.Name, secret.Items, secret.Optional, mode, cancellation),
                { DownwardAPI: { } downward } => VolumeContent.Downward(downward.Items, fields(), mode),
                { ServiceAccountToken: { } token } => new Dictionary<string, VolumeFile>
                {
                    [token.Path] = new(await TokenAsync(volume.Name, token, cancellation), mode ?? 0x1A4),
                },
                _ => throw new VolumeException("a projected source of this type is not supported"),
            };
            foreach (var (name, file) in part)
            {
                files[name] = file;
            }
        }

        return files;
    }

    private async Task<Dictionary<string, VolumeFile>> MapAsync(
        string name, IList<V1KeyToPath>? items, bool? optional, int? mode, CancellationToken cancellation)
    {
        if (!_maps.TryGetValue(name, out var watch))
        {
            watch = _maps[name] = node.Watches.Open<V1ConfigMap>(pod().Metadata.NamespaceProperty, name, () => Changed?.Invoke());
        }

        var data = VolumeContent.Data(await watch.GetAsync(cancellation));
        return VolumeContent.Pick($"configmap \"{name}\"", data, items, optional == true, mode);
    }

    private async Task<Dictionary<string, VolumeFile>> SecretAsync(
        string name, IList<V1KeyToPath>? items, bool? optional, int? mode, CancellationToken cancellation)
    {
        if (!_secrets.TryGetValue(name, out var watch))
        {
            watch = _secrets[name] = node.Watches.Open<V1Secret>(pod().Metadata.NamespaceProperty, name, () => Changed?.Invoke());
        }

        var data = VolumeContent.Data(await watch.GetAsync(cancellation));
        return VolumeContent.Pick($"secret \"{name}\"", data, items, optional == true, mode);
    }

    private async Task<byte[]> TokenAsync(string volume, V1ServiceAccountTokenProjection projection, CancellationToken cancellation)
    {
        var now = node.Time.GetUtcNow();
        if (_tokens.TryGetValue((volume, projection.Path), out var kept) && kept.RenewAt > now)
        {
            return kept.Token;
        }

        var owner = pod();
        var account = owner.Spec.ServiceAccountName is { Length: > 0 } given ? given : "default";
        var answer = await node.Client.SendRawAsync(
            HttpMethod.Post,
            $"/api/v1/namespaces/{owner.Metadata.NamespaceProperty}/serviceaccounts/{account}/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject
                {
                    ["audiences"] = projection.Audience is { Length: > 0 } audience ? new JsonArray(audience) : new JsonArray(),
                    ["expirationSeconds"] = projection.ExpirationSeconds ?? 3600,
                    ["boundObjectRef"] = new JsonObject
                    {
                        ["apiVersion"] = "v1", ["kind"] = "Pod", ["name"] = owner.Metadata.Name, ["uid"] = owner.Metadata.Uid,
                    },
                },
            }, cancellation);
        var status = answer?["status"];
        var token = (string?)status?["token"]
            ?? throw new VolumeException($"no token for service account {owner.Metadata.NamespaceProperty}/{account}");
        var renewAt = DateTimeOffset.TryParse(
            (string?)status!["expirationTimestamp"], CultureInfo.InvariantCulture, out var expiry)
                ? now + ((expiry - now) * 0.8)
                : now + TimeSpan.FromMinutes(48);
        var bytes = Encoding.UTF8.GetBytes(token);
        _tokens[(volume, projection.Path)] = (bytes, renewAt);
        return bytes;
    }
}
