using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Services.Mirroring;

/// <summary>The sets that interfaces and chains become in DPU clusters: pure.</summary>
internal static class SetChild
{
    /// <summary>A set with the name of its parent.</summary>
    public static JsonObject Of<TSet>(IKubernetesObject<V1ObjectMeta> parent, ServiceInterfaceSetMetadata? metadata, object spec)
    {
        var child = new JsonObject
        {
            ["name"] = parent.Metadata.Name,
            ["namespace"] = parent.Metadata.NamespaceProperty,
        };
        if (metadata?.Labels is { Count: > 0 } labels)
        {
            child["labels"] = JsonNode.Parse(KubernetesJson.Serialize(labels));
        }

        if (metadata?.Annotations is { Count: > 0 } annotations)
        {
            child["annotations"] = JsonNode.Parse(KubernetesJson.Serialize(annotations));
        }

        var type = ResourceType.Of<TSet>();
        return new JsonObject
        {
            ["apiVersion"] = type.ApiVersion,
            ["kind"] = type.Kind,
            ["metadata"] = child,
            ["spec"] = JsonNode.Parse(KubernetesJson.Serialize(spec)),
        };
    }

    /// <summary>What keeps a set from working, in the set's own words.</summary>
    public static string? Problem(IKubernetesObject<V1ObjectMeta> set, IConditioned? status)
    {
        if (set.IsDeleting())
        {
            return "it is being deleted";
        }

        if (status?.Conditions.Find(ConditionExtensions.Ready) is not { } ready || status.ObservedGeneration != set.Metadata.Generation)
        {
            return "its controller has not reported yet";
        }

        // The summary only names the others.
        return ready.Status == "True"
            ? null
            : status.Conditions!.FirstOrDefault(c => c.Type != ConditionExtensions.Ready && c.Status != "True")?.Message ?? ready.Message;
    }

}
