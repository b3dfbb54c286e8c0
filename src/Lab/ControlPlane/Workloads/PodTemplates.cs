using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>What all workload controllers do with pods and templates.</summary>
internal static class PodTemplates
{
    /// <summary>A short name for a template's content: equal templates, equal names.</summary>
    public static string Hash(V1PodTemplateSpec template) => Digest(KubernetesJson.Serialize(template));

    /// <summary>A short lower-case digest of a text, good for object names.</summary>
    public static string Digest(string text, int length = 10)
    {
        // The alphabet has no vowels, so no digest spells a word.
        const string alphabet = "bcdfghjklmnpqrstvwxz2456789";
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return string.Concat(bytes.Take(length).Select(b => alphabet[b % alphabet.Length]));
    }

    /// <summary>A suffix for a name that must not collide.</summary>
    public static string RandomSuffix() => Digest(Convert.ToHexString(RandomNumberGenerator.GetBytes(8)), 5);

    /// <summary>A reference to a controlling owner.</summary>
    public static V1OwnerReference ControllerReference<T>(T owner)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        return new V1OwnerReference
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };
    }

    /// <summary>Whether an object is controlled by this very owner.</summary>
    public static bool IsControlledBy(this IKubernetesObject<V1ObjectMeta> value, IKubernetesObject<V1ObjectMeta> owner) =>
        value.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == owner.Metadata.Uid) == true;

    /// <summary>The pods of an owner, as the local copy has them.</summary>
    public static List<V1Pod> PodsOf(this Cache cache, IKubernetesObject<V1ObjectMeta> owner) =>
        [.. cache.Informer<V1Pod>().All.Where(p => p.Metadata.NamespaceProperty == owner.Metadata.NamespaceProperty && p.IsControlledBy(owner))];

    /// <summary>
    /// The pods of an owner, as the server has them. Asked before pods are created or deleted: the local copy may not yet show what
    /// the pass before did.
    /// </summary>
    public static async Task<List<V1Pod>> CurrentPodsOfAsync(
        this Cache cache, IKubernetesObject<V1ObjectMeta> owner, CancellationToken cancellation) =>
        [.. (await cache.Client.ListAsync<V1Pod>(owner.Metadata.NamespaceProperty, cancellation)).Where(p => p.IsControlledBy(owner))];

    /// <summary>A pod from a template; its name is <paramref name="name"/>, or the owner's with a random suffix.</summary>
    public static V1Pod NewPod<T>(T owner, V1PodTemplateSpec template, string? name = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var copy = Clone(template);
        var prefix = owner.Metadata.Name.Length > 57 ? owner.Metadata.Name[..57] : owner.Metadata.Name;
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name ?? $"{prefix}-{RandomSuffix()}",
                GenerateName = name is null ? prefix + "-" : null,
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = copy.Metadata?.Labels is { } labels ? new Dictionary<string, string>(labels) : [],
                Annotations = copy.Metadata?.Annotations,
                Finalizers = copy.Metadata?.Finalizers,
                OwnerReferences = [ControllerReference(owner)],
            },
            Spec = copy.Spec,
        };
    }

    /// <summary>A deep copy.</summary>
    public static T Clone<T>(T value) => KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(value));

    /// <summary>Neither finished nor on its way out.</summary>
    public static bool IsActive(this V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed");

    /// <summary>Whether it has been ready for long enough.</summary>
    public static bool IsAvailable(this V1Pod pod, int? minReadySeconds, TimeProvider time) =>
        pod.IsReady() && (minReadySeconds is null or 0 ||
            pod.Status.Conditions.First(c => c.Type == "Ready").LastTransitionTime is { } since &&
            since.ToUniversalTime().AddSeconds(minReadySeconds.Value) <= time.GetUtcNow().UtcDateTime);

    /// <summary>Writes a status if it differs from what is there; fields that the new one leaves out stay.</summary>
    public static async Task WriteStatusAsync<T>(
        this KubeClient client, T value, object? before, object after, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var status = JsonNode.Parse(KubernetesJson.Serialize(after))!;
        var old = before is null ? null : JsonNode.Parse(KubernetesJson.Serialize(before));
        if (status.AsObject().All(p => JsonNode.DeepEquals(p.Value, old?[p.Key])))
        {
            return;
        }

        try
        {
            await client.PatchStatusAsync<T>(
                value.Metadata.NamespaceProperty, value.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: nobody is left to tell.
        }
    }

    /// <summary>Deletes a pod unless it is on its way out already.</summary>
    public static async Task DeletePodAsync(this KubeClient client, V1Pod pod, CancellationToken cancellation)
    {
        if (pod.Metadata.DeletionTimestamp is null)
        {
            await client.DeleteAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, cancellation, uid: pod.Metadata.Uid);
        }
    }

    /// <summary>Creates a pod; one of that name being there already is fine.</summary>
    public static async Task CreatePodAsync(this KubeClient client, V1Pod pod, CancellationToken cancellation)
    {
        try
        {
            await client.CreateAsync(pod, cancellation);
        }
        catch (KubeException e) when (e.IsConflict)
        {
            // The local copy is behind: the pod's own event brings us back.
        }
    }

    /// <summary>A number or a percentage of a total.</summary>
    public static int Resolve(IntOrString? value, int total, bool roundUp, string fallback)
    {
        var text = (string?)value ?? fallback;
        if (!text.EndsWith('%'))
        {
            return int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        }

        var part = total * int.Parse(text[..^1], System.Globalization.CultureInfo.InvariantCulture) / 100.0;
        return (int)(roundUp ? Math.Ceiling(part) : Math.Floor(part));
    }
}
