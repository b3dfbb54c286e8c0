using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>Which nodes a set means.</summary>
public static class NodeSelection
{
    private const string ControlPlane = "node-role.kubernetes.io/control-plane";

    /// <summary>
    /// Whether a set means a node. One that says nothing of nodes means those that take workloads: a node of the control plane that
    /// keeps them away is no DPU, and nothing would ever be ready there. A node that is not ready or cordoned keeps what it has.
    /// </summary>
    public static bool Means(V1LabelSelector? selector, V1Node node) =>
        selector is null or { MatchLabels: null or { Count: 0 }, MatchExpressions: null or { Count: 0 } }
            ? node.Spec?.Taints?.Any(t => t.Key == ControlPlane && t.Effect is "NoSchedule" or "NoExecute") != true
            : selector.Selects(node.Metadata.Labels);
}
