using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Scheduling;

/// <summary>Whether a pod may run on a node, by everything but what is free there.</summary>
internal static class NodeFit
{
    /// <summary>Why not, in the words that <c>kubectl describe</c> users know; null when it may.</summary>
    public static string? Obstacle(V1Pod pod, V1Node node)
    {
        if (node.Spec.Unschedulable == true && !Tolerates(pod.Spec.Tolerations, new V1Taint { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" }))
        {
            return "node(s) were unschedulable";
        }

        if (!MatchesSelectors(pod.Spec, node))
        {
            return "node(s) didn't match Pod's node affinity/selector";
        }

        var taint = node.Spec.Taints?.FirstOrDefault(t => t.Effect is "NoSchedule" or "NoExecute" && !Tolerates(pod.Spec.Tolerations, t));
        return taint is null ? null : $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
    }

    /// <summary>Whether the node selector and the required node affinity match.</summary>
    public static bool MatchesSelectors(V1PodSpec spec, V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        if (spec.NodeSelector?.Any(p => !labels.TryGetValue(p.Key, out var value) || value != p.Value) == true)
        {
            return false;
        }

        var required = spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required is null || required.Selects(node);
    }

    /// <summary>Whether any toleration covers a taint.</summary>
    public static bool Tolerates(IEnumerable<V1Toleration>? tolerations, V1Taint taint) => (tolerations ?? []).Any(t => Covers(t, taint));

    /// <summary>Whether one toleration covers a taint.</summary>
    public static bool Covers(V1Toleration toleration, V1Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect) &&
        (string.IsNullOrEmpty(toleration.Key) ? toleration.OperatorProperty == "Exists" : toleration.Key == taint.Key) &&
        (toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? ""));
}
