using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>What a kubelet checks where a pod asks not to run as root (Kubernetes, <c>securityContext.runAsNonRoot</c>).</summary>
internal static class RunAsNonRoot
{
    /// <summary>Why a container may not start, in a kubelet's words; null when it may.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="imageUser">The account that its image names; null when that is not known.</param>
    public static string? Refusal(V1Pod pod, V1Container container, long? imageUser)
    {
        var (ours, shared) = (container.SecurityContext, pod.Spec.SecurityContext);
        if ((ours?.RunAsNonRoot ?? shared?.RunAsNonRoot) != true)
        {
            return null;
        }

        var where = $"(pod: \"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})\", container: {container.Name})";
        return (ours?.RunAsUser ?? shared?.RunAsUser) switch
        {
            0 => $"container's runAsUser breaks non-root policy {where}",
            null when imageUser == 0 => $"container has runAsNonRoot and image will run as root {where}",
            _ => null,
        };
    }
}
