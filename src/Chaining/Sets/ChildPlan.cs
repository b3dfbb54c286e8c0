using System.Text.Json;
using Dpf.Api.Services;
using k8s;
using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>What a set wants on a node: pure functions of the set and the node's name.</summary>
public static class ChildPlan
{
    /// <summary>The interface of a node.</summary>
    public static ServiceInterface Interface(ServiceInterfaceSet set, string node)
    {
        var spec = Copy(set.Spec.Template.Spec);
        spec.Node = node;

        // The parent is a set's child as well, and named like one.
        if (spec.Vf is { } vf)
        {
            vf.ParentInterfaceRef = $"{vf.ParentInterfaceRef}-{node}";
        }

        if (spec.Vlan is { } vlan)
        {
            vlan.ParentInterfaceRef = $"{vlan.ParentInterfaceRef}-{node}";
        }

        var metadata = Metadata(set, "serviceinterfaceset", node, set.Spec.Template.Metadata);
        if (spec is { InterfaceType: "service", Service: { } service })
        {
            metadata.Labels.TryAdd(ChainingLabels.ServiceId, service.ServiceId);
        }

        return new ServiceInterface { Metadata = metadata, Spec = spec };
    }

    /// <summary>The chain of a node.</summary>
    public static ServiceChain Chain(ServiceChainSet set, string node)
    {
        var spec = Copy(set.Spec.Template.Spec);
        spec.Node = node;
        return new ServiceChain { Metadata = Metadata(set, "servicechainset", node, set.Spec.Template.Metadata), Spec = spec };
    }

    /// <summary>Whether an object is a set's child, by its labels.</summary>
    public static bool IsChild(IKubernetesObject<V1ObjectMeta> value, string kind, string ns, string name) =>
        value.Metadata.NamespaceProperty == ns &&
        value.Metadata.Labels is { } labels &&
        labels.TryGetValue($"{ChainingLabels.Group}/{kind}-name", out var set) && set == name &&
        labels.TryGetValue($"{ChainingLabels.Group}/{kind}-namespace", out var setNamespace) && setNamespace == ns;

    private static V1ObjectMeta Metadata(IKubernetesObject<V1ObjectMeta> set, string kind, string node, ServiceInterfaceSetMetadata? template)
    {
        // What a set finds its children by comes last: no template makes them invisible.
        var labels = new Dictionary<string, string>(template?.Labels ?? [])
        {
            [$"{ChainingLabels.Group}/{kind}-name"] = set.Metadata.Name,
            [$"{ChainingLabels.Group}/{kind}-namespace"] = set.Metadata.NamespaceProperty,
            [ChainingLabels.Node] = node,
        };

        var annotations = new Dictionary<string, string>();
        foreach (var (key, value) in (set.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(a => !a.Key.StartsWith("kubectl.kubernetes.io/", StringComparison.Ordinal))
            .Concat(template?.Annotations ?? []))
        {
            annotations[key] = value;
        }

        return new V1ObjectMeta
        {
            Name = $"{set.Metadata.Name}-{node}",
            NamespaceProperty = set.Metadata.NamespaceProperty,
            Labels = labels,
            Annotations = annotations.Count > 0 ? annotations : null,
            OwnerReferences =
            [
                new V1OwnerReference
                {
                    ApiVersion = ChainingLabels.Group + "/v1alpha1",
                    Kind = set.Kind,
                    Name = set.Metadata.Name,
                    Uid = set.Metadata.Uid,
                    Controller = true,
                    BlockOwnerDeletion = true,
                },
            ],
        };
    }

    private static T Copy<T>(T value) => JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value))!;
}
