using k8s.Models;

namespace Dpf.Runtime.Conditions;

/// <summary>What the condition <c>Ready</c> of Kubernetes' own kinds says.</summary>
public static class ReadyCondition
{
    /// <summary>Whether a node's kubelet says that it takes pods; false while it says nothing.</summary>
    public static bool IsReady(this V1Node node) => node.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true;

    /// <summary>Whether all containers of a pod that has them are ready; false while nobody says so.</summary>
    public static bool IsReady(this V1Pod pod) => pod.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true;
}
