using k8s.Models;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>
/// Which changes of an object a zone's rows may follow from. Kubelets and agents write into pods and nodes all the time; were each
/// word of theirs a reason for a whole pass, a pod would cost zones × words passes.
/// </summary>
public static class ZoneNews
{
    /// <summary>Whether a zone has to look again because of a pod.</summary>
    public static bool IsNews(V1Pod? before, V1Pod? after) => Facts(before) != Facts(after) || !Same(Labels(before), Labels(after));

    /// <summary>Whether a zone has to look again because of a node.</summary>
    public static bool IsNews(V1Node? before, V1Node? after) => before is null || after is null ||
        before.Metadata.Uid != after.Metadata.Uid ||
        !Same(before.Metadata.Labels, after.Metadata.Labels) ||
        !Same(before.Metadata.Annotations, after.Metadata.Annotations) ||
        !Addresses(before).SequenceEqual(Addresses(after));

    /// <summary>Whether a zone has to look again because of a policy, into whose status every zone writes.</summary>
    public static bool IsNews(V1ObjectMeta? before, V1ObjectMeta? after) => before is null || after is null ||
        before.Uid != after.Uid || before.Generation != after.Generation || !Same(before.Annotations, after.Annotations);

    // Without a node, or with the node's own network, a pod is nothing to any zone; its containers' ports do not change.
    private static (string Uid, string Node, bool IsCompleted, bool IsGoing, string? Network)? Facts(V1Pod? pod) => IsOfZone(pod)
        ? (pod!.Metadata.Uid, pod.Spec.NodeName, ClusterFacts.IsCompleted(pod), pod.Metadata.DeletionTimestamp is not null,
            pod.Metadata.Annotations?.TryGetValue(Annotations.PodNetwork.Annotation, out var network) == true ? network : null)
        : null;

    private static IDictionary<string, string>? Labels(V1Pod? pod) => IsOfZone(pod) ? pod!.Metadata.Labels : null;

    private static bool IsOfZone(V1Pod? pod) => pod?.Spec?.NodeName is { Length: > 0 } && pod.Spec.HostNetwork != true;

    private static IEnumerable<(string, string)> Addresses(V1Node node) => (node.Status?.Addresses ?? []).Select(a => (a.Type, a.Address));

    private static bool Same(IDictionary<string, string>? one, IDictionary<string, string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0) &&
        (one ?? new Dictionary<string, string>()).All(p => other!.TryGetValue(p.Key, out var value) && value == p.Value);
}
