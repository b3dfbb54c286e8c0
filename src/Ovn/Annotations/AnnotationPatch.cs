using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;

namespace Dpf.Ovn.Annotations;

/// <summary>Writes annotations through the status subresource, which is all that the agents are allowed to write.</summary>
public static class AnnotationPatch
{
    /// <summary>Sets annotations; null removes one.</summary>
    public static Task<T> AnnotateAsync<T>(
        this KubeClient client, string? ns, string name, IEnumerable<KeyValuePair<string, string?>> annotations,
        CancellationToken cancellation, string? uid = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var metadata = new JsonObject
        {
            ["annotations"] = new JsonObject(annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))),
        };
        if (uid is not null)
        {
            // A pod of the same name that came after this one must not get its predecessor's addresses.
            metadata["uid"] = uid;
        }

        return client.PatchStatusAsync<T>(ns, name, new JsonObject { ["metadata"] = metadata }, cancellation);
    }
}
