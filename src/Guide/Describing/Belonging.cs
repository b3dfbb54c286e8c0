using System.Text.Json.Nodes;

namespace Dpf.Guide.Describing;

/// <summary>
/// To what an object belongs. Owner references say so inside a namespace; across namespaces and clusters labels and names do, as the
/// controllers set them.
/// </summary>
public static class Belonging
{
    private const string Component = "dpu.nvidia.com/component";
    private const string OwnedByDeployment = "svc.dpu.nvidia.com/owned-by-dpudeployment";
    private const string ConsumedByDeployment = "dpu.nvidia.com/consumed-by-dpudeployment-name";

    /// <summary>The parents that come into question, the likeliest first; a null namespace in a key stands for any.</summary>
    public static IEnumerable<ObjectKey> Parents(ClusterObject value)
    {
        foreach (var owner in (value.Value["metadata"]?["ownerReferences"] as JsonArray ?? []).OfType<JsonObject>())
        {
            yield return new ObjectKey(value.Cluster, (string?)owner["kind"] ?? "", value.Namespace, (string?)owner["name"] ?? "");
        }

        foreach (var parent in value.Cluster is null ? InManagement(value) : InDpuCluster(value))
        {
            yield return parent;
        }
    }

    private static IEnumerable<ObjectKey> InManagement(ClusterObject value)
    {
        if (value.Label(OwnedByDeployment) is { } deployment)
        {
            // The value is namespace_name, or the name alone.
            yield return new ObjectKey(null, "DPUDeployment", value.Namespace, deployment[(deployment.IndexOf('_', StringComparison.Ordinal) + 1)..]);
        }

        if (value.Label(ConsumedByDeployment) is { } consumer)
        {
            yield return new ObjectKey(null, "DPUDeployment", value.Namespace, consumer);
        }

        switch (value.Kind)
        {
            case "Application" when value.Label("dpu.nvidia.com/dpuservice-name") is { } service:
                yield return new ObjectKey(null, "DPUService", value.Label("dpu.nvidia.com/dpuservice-namespace"), service);
                break;
            case "DPU" when value.Label("provisioning.dpu.nvidia.com/dpuset-name") is { } set:
                yield return new ObjectKey(null, "DPUSet", value.Label("provisioning.dpu.nvidia.com/dpuset-namespace"), set);
                break;
            case "Deployment" or "DaemonSet" or "DPUService" when value.Label(Component) is not null:
                yield return new ObjectKey(null, "DPFOperatorConfig", value.Namespace, "");
                break;
            case "TenantControlPlane":
                yield return new ObjectKey(null, "DPUCluster", value.Namespace, value.Name);
                break;
        }
    }

    private static IEnumerable<ObjectKey> InDpuCluster(ClusterObject value)
    {
        if (value.Label("argocd.argoproj.io/instance") is { } application)
        {
            yield return new ObjectKey(null, "Application", null, application);
        }

        switch (value.Kind)
        {
            case "Node":
                yield return new ObjectKey(null, "DPU", null, value.Name);
                break;
            case "ServiceInterfaceSet":
                yield return new ObjectKey(null, "DPUServiceInterface", value.Namespace, value.Name);
                break;
            case "ServiceChainSet":
                yield return new ObjectKey(null, "DPUServiceChain", value.Namespace, value.Name);
                break;
            case "IPPool" or "CIDRPool" when value.Label("dpu.nvidia.com/dpuserviceipam-name") is { } pool:
                yield return new ObjectKey(null, "DPUServiceIPAM", value.Label("dpu.nvidia.com/dpuserviceipam-namespace"), pool);
                break;
        }
    }
}
