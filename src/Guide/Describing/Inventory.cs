using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Guide.Describing;

/// <summary>Reads the objects that a system is made of, from the management cluster and from every DPU cluster.</summary>
public static class Inventory
{
    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";
    private const string Services = "svc.dpu.nvidia.com/v1alpha1";

    private static readonly (string ApiVersion, string Kind)[] Management =
    [
        ("operator.dpu.nvidia.com/v1alpha1", "DPFOperatorConfig"), (Provisioning, "DPUCluster"), (Provisioning, "BFB"), (Provisioning, "DPUFlavor"),
        (Provisioning, "DPUSet"), (Provisioning, "DPU"), (Services, "DPUDeployment"), (Services, "DPUServiceTemplate"),
        (Services, "DPUServiceConfiguration"), (Services, "DPUService"), (Services, "DPUServiceCredentialRequest"), (Services, "DPUServiceInterface"),
        (Services, "DPUServiceChain"), (Services, "DPUServiceIPAM"), ("argoproj.io/v1alpha1", "Application"),
        ("kamaji.clastix.io/v1alpha1", "TenantControlPlane"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"), ("apps/v1", "StatefulSet"),
    ];

    private static readonly (string ApiVersion, string Kind)[] DpuCluster =
    [
        ("v1", "Node"), (Services, "ServiceInterfaceSet"), (Services, "ServiceInterface"), (Services, "ServiceChainSet"), (Services, "ServiceChain"),
        ("nv-ipam.nvidia.com/v1alpha1", "IPPool"), ("nv-ipam.nvidia.com/v1alpha1", "CIDRPool"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"), ("v1", "Pod"),
    ];

    // What the system stands on beside its own objects.
    private static readonly string[] Foundations = ["ovn-kubernetes", "nvidia-network-operator", "cert-manager"];
    private static readonly string[] Workloads = ["Deployment", "DaemonSet", "StatefulSet"];

    /// <summary>Everything that is there; a DPU cluster that cannot be reached is said to be so on its DPUCluster.</summary>
    public static async Task<IReadOnlyList<ClusterObject>> ReadAsync(KubeClient management, ClusterClients clusters, CancellationToken cancellation)
    {
        var all = await ListAllAsync(management, null, Management, cancellation);
        var own = all.Where(value => !Workloads.Contains(value.Kind)).ToList();
        var namespaces = own.Select(value => value.Namespace).OfType<string>().Concat(Foundations).ToHashSet(StringComparer.Ordinal);
        own.AddRange(all.Where(value => Workloads.Contains(value.Kind) && namespaces.Contains(value.Namespace!)));
        foreach (var ns in namespaces)
        {
            own.AddRange(await ListAllAsync(management, ns, [("apps/v1", "ReplicaSet"), ("v1", "Pod")], cancellation));
        }

        foreach (var cluster in own.Where(value => value.Kind == "DPUCluster").ToList())
        {
            try
            {
                own.AddRange(await InClusterAsync(clusters, cluster, cancellation));
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or FormatException or IOException)
            {
                // A user sees it where the cluster is, and the rest all the same.
                MarkUnreachable(cluster.Value, e.Message);
            }
        }

        return own;
    }

    private static async Task<IEnumerable<ClusterObject>> InClusterAsync(ClusterClients clusters, ClusterObject cluster, CancellationToken cancellation)
    {
        if ((string?)cluster.Value["spec"]?["kubeconfig"] is not { Length: > 0 } secret ||
            await clusters.GetAsync(new NamespacedName(cluster.Namespace, secret), cancellation) is not { } remote)
        {
            return [];
        }

        return (await ListAllAsync(remote.Client, null, DpuCluster, cancellation)).Select(value => value with { Cluster = cluster.Name });
    }

    private static async Task<List<ClusterObject>> ListAllAsync(
        KubeClient client, string? ns, IEnumerable<(string ApiVersion, string Kind)> kinds, CancellationToken cancellation)
    {
        var lists = await Task.WhenAll(kinds.Select(kind => ListAsync(client, kind.ApiVersion, kind.Kind, ns, cancellation)));
        return [.. lists.SelectMany(list => list)];
    }

    private static async Task<IEnumerable<ClusterObject>> ListAsync(KubeClient client, string apiVersion, string kind, string? ns, CancellationToken cancellation)
    {
        try
        {
            var list = await client.ListAsync(apiVersion, kind, ns, cancellation);
            foreach (var value in list)
            {
                // The items of a list carry neither.
                (value["apiVersion"], value["kind"]) = (apiVersion, kind);
            }

            return list.Select(value => new ClusterObject(null, value));
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind is not installed.
            return [];
        }
    }

    private static void MarkUnreachable(JsonObject cluster, string message)
    {
        var status = cluster["status"] as JsonObject ?? [];
        cluster["status"] = status;
        var conditions = status["conditions"] as JsonArray ?? [];
        status["conditions"] = conditions;
        foreach (var ready in conditions.Where(c => (string?)c?["type"] == "Ready").ToList())
        {
            conditions.Remove(ready);
        }

        conditions.Add(new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = "False",
            ["reason"] = "Error",
            ["message"] = $"its API server cannot be reached from here: {message}",
        });
    }
}
