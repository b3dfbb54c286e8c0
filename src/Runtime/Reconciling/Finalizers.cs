using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;

namespace Dpf.Runtime.Reconciling;

/// <summary>Adds and removes finalizers with optimistic locking, so that nobody else's is lost.</summary>
public static class Finalizers
{
    /// <summary>Whether the object is on its way out.</summary>
    public static bool IsDeleting(this IKubernetesObject<V1ObjectMeta> value) => value.Metadata.DeletionTimestamp is not null;

    /// <summary>Whether it carries the finalizer.</summary>
    public static bool HasFinalizer(this IKubernetesObject<V1ObjectMeta> value, string finalizer) =>
        value.Metadata.Finalizers?.Contains(finalizer) == true;

    /// <summary>Adds a finalizer unless it is there; returns the object as it is now.</summary>
    public static Task<T> AddFinalizerAsync<T>(this KubeClient client, T value, string finalizer, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        value.HasFinalizer(finalizer)
            ? Task.FromResult(value)
            : SetAsync(client, value, [.. value.Metadata.Finalizers ?? [], finalizer], cancellation);

    /// <summary>Removes a finalizer if it is there; the object may be gone afterwards.</summary>
    public static async Task RemoveFinalizerAsync<T>(this KubeClient client, T value, string finalizer, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (value.HasFinalizer(finalizer))
        {
            try
            {
                await SetAsync(client, value, [.. value.Metadata.Finalizers!.Where(f => f != finalizer)], cancellation);
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // Gone already: what removing it was for.
            }
        }
    }

    private static Task<T> SetAsync<T>(KubeClient client, T value, IReadOnlyList<string> finalizers, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        client.PatchAsync<T>(
            value.Metadata.NamespaceProperty,
            value.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = value.Metadata.ResourceVersion,
                    ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]),
                },
            },
            cancellation);
}
