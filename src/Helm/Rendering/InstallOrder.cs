namespace Dpf.Helm.Rendering;

/// <summary>The order in which Helm installs and uninstalls kinds; kinds it does not know come last, by name.</summary>
internal static class InstallOrder
{
    private static readonly string[] Install =
    [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
        "ServiceAccount", "Secret", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
        "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service", "DaemonSet", "Pod",
        "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
        "IngressClass", "Ingress", "APIService",
    ];

    private static readonly string[] Uninstall =
    [
        "APIService", "Ingress", "IngressClass", "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler", "Deployment",
        "ReplicaSet", "ReplicationController", "Pod", "DaemonSet", "RoleBinding", "Role", "ClusterRoleBinding", "ClusterRole",
        "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "Secret",
        "ServiceAccount", "PodDisruptionBudget", "PodSecurityPolicy", "LimitRange", "ResourceQuota", "NetworkPolicy", "Namespace",
        "PriorityClass",
    ];

    /// <summary>Sorts for installing; equal kinds keep their order.</summary>
    public static IEnumerable<RenderedObject> Sort(IEnumerable<RenderedObject> objects) => Sort(objects, o => o.Kind, Install);

    /// <summary>Sorts for uninstalling.</summary>
    public static IEnumerable<T> SortForDeletion<T>(IEnumerable<T> objects, Func<T, string> kind) => Sort(objects, kind, Uninstall);

    private static IEnumerable<T> Sort<T>(IEnumerable<T> objects, Func<T, string> kind, string[] order) => objects
        .OrderBy(o => Array.IndexOf(order, kind(o)) is >= 0 and var at ? at : order.Length)
        .ThenBy(o => Array.IndexOf(order, kind(o)) >= 0 ? "" : kind(o), StringComparer.Ordinal);
}
