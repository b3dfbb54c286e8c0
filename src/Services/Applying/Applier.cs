using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;

namespace Dpf.Services.Applying;

/// <summary>
/// Applies objects (server-side, with force) when that changes something: when they were not applied in these words before,
/// or when somebody undid it.
/// </summary>
/// <param name="fieldManager">Who applies.</param>
internal sealed class Applier(string fieldManager)
{
    // By client: a cluster that was made anew knows nothing.
    private readonly ConditionalWeakTable<KubeClient, ConcurrentDictionary<string, string>> _applied = [];

    /// <summary>The object as a value.</summary>
    public static JsonObject Json(IKubernetesObject<V1ObjectMeta> value) => JsonNode.Parse(KubernetesJson.Serialize((object)value))!.AsObject();

    /// <summary>Applies; false when nothing had to be done.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="wanted">The object.</param>
    /// <param name="live">What a cache knows of it; null for not there.</param>
    /// <param name="cancellation">Cancels the request.</param>
    public async Task<bool> ApplyAsync(
        KubeClient client, JsonObject wanted, IKubernetesObject<V1ObjectMeta>? live, CancellationToken cancellation)
    {
        var known = _applied.GetOrCreateValue(client);
        var key = $"{wanted["apiVersion"]} {wanted["kind"]} {wanted["metadata"]!["namespace"]}/{wanted["metadata"]!["name"]}";

        // A digest, because what is applied may be a secret.
        var digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(wanted.ToJsonString())));
        if (live is not null && known.GetValueOrDefault(key) == digest && Containment.Holds(Json(live), wanted))
        {
            return false;
        }

        await client.ApplyAsync(wanted, fieldManager, cancellation);
        known[key] = digest;
        return true;
    }
}
