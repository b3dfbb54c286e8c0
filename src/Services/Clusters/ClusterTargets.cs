using Dpf.Api.Provisioning;
using k8s.Models;

namespace Dpf.Services.Clusters;

/// <summary>Which DPU clusters are meant: pure.</summary>
internal static class ClusterTargets
{
    /// <summary>
    /// Whether a cluster has a control plane to talk to. One that was ready and is not any more still counts: what is in it
    /// stays wanted.
    /// </summary>
    public static bool HasControlPlane(DpuCluster cluster) =>
        cluster.Spec.Kubeconfig is { Length: > 0 } && cluster.Status?.Phase is "Ready" or "NotReady" or "Failed";

    /// <summary>Whether labels satisfy a selector; a missing one selects everything.</summary>
    /// <exception cref="FormatException">The selector has an operator that there is not.</exception>
    public static bool Selects(V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        labels ??= new Dictionary<string, string>();
        return selector is null ||
            ((selector.MatchLabels ?? new Dictionary<string, string>())
                .All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value) &&
            (selector.MatchExpressions ?? []).All(e => Selects(e, labels)));
    }

    /// <summary>
    /// The name by which Argo CD and Applications know a cluster: the DPUCluster's own, or with its namespace where two
    /// namespaces use the same.
    /// </summary>
    public static string DestinationName(DpuCluster cluster, IEnumerable<DpuCluster> all) =>
        all.Count(c => c.Metadata.Name == cluster.Metadata.Name) > 1
            ? $"{cluster.Metadata.NamespaceProperty}-{cluster.Metadata.Name}"
            : cluster.Metadata.Name;

    private static bool Selects(V1LabelSelectorRequirement requirement, IDictionary<string, string> labels)
    {
        var isThere = labels.TryGetValue(requirement.Key, out var value);
        return requirement.OperatorProperty switch
        {
            "In" => isThere && requirement.Values?.Contains(value!) == true,
            "NotIn" => !isThere || requirement.Values?.Contains(value!) != true,
            "Exists" => isThere,
            "DoesNotExist" => !isThere,
            var other => throw new FormatException($"selector: '{other}' is no operator; use In, NotIn, Exists or DoesNotExist"),
        };
    }
}
