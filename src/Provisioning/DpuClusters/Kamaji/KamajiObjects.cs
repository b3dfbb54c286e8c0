using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Informers;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters.Kamaji;

/// <summary>The objects that make Kamaji run the control plane of a DPUCluster: pure.</summary>
internal static class KamajiObjects
{
    /// <summary>Label of everything that belongs to a DPUCluster.</summary>
    public const string ClusterLabel = "dpu.nvidia.com/cluster";

    /// <summary>Label of nodes that carry the management cluster's control plane.</summary>
    public const string ControlPlaneLabel = "node-role.kubernetes.io/control-plane";

    private const string TenantLabel = "tenant.clastix.io";
    private const string MasterLabel = "node-role.kubernetes.io/master";
    private const int ApiServerPort = 6443;
    private const int MostReplicas = 3;

    /// <summary>What belongs to DPUClusters.</summary>
    public static InformerScope Scope { get; } = new(LabelSelector: ClusterLabel);

    /// <summary>The name of the Secret that Kamaji writes the administrator's kubeconfig to.</summary>
    public static string KubeconfigSecret(DpuCluster cluster) => $"{cluster.Metadata.Name}-admin-kubeconfig";

    /// <summary>
    /// The Service, as it has to be there before the control plane to learn its node port. From then on it is Kamaji's.
    /// </summary>
    public static V1Service Service(DpuCluster cluster) => new()
    {
        Metadata = Metadata(cluster, cluster.Metadata.Name, isController: false),
        Spec = new V1ServiceSpec
        {
            Type = "NodePort",
            Selector = new Dictionary<string, string> { ["kamaji.clastix.io/name"] = cluster.Metadata.Name },
            Ports = [new V1ServicePort { Name = "kube-apiserver", Protocol = "TCP", Port = ApiServerPort, TargetPort = ApiServerPort }],
        },
    };

    /// <summary>The control plane.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="address">Where DPUs reach it.</param>
    /// <param name="port">On which port of the nodes.</param>
    /// <param name="nodes">How many nodes there are to run it.</param>
    public static JsonObject TenantControlPlane(DpuCluster cluster, string address, int port, int nodes) => new()
    {
        ["apiVersion"] = "kamaji.clastix.io/v1alpha1",
        ["kind"] = nameof(TenantControlPlane),
        ["metadata"] = new JsonObject
        {
            ["name"] = cluster.Metadata.Name,
            ["namespace"] = cluster.Metadata.NamespaceProperty,
            ["labels"] = new JsonObject { [TenantLabel] = cluster.Metadata.Name, [ClusterLabel] = cluster.Metadata.Name },
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = cluster.ApiVersion,
                ["kind"] = cluster.Kind,
                ["name"] = cluster.Metadata.Name,
                ["uid"] = cluster.Metadata.Uid,
            }),
        },
        ["spec"] = new JsonObject
        {
            ["dataStore"] = "default",
            ["controlPlane"] = new JsonObject
            {
                ["deployment"] = Deployment(cluster, nodes),
                ["service"] = new JsonObject
                {
                    ["serviceType"] = "NodePort",
                    ["additionalMetadata"] = Labels(cluster),
                },
            },
            ["kubernetes"] = new JsonObject
            {
                ["version"] = cluster.Spec.Version,
                ["kubelet"] = new JsonObject { ["cgroupfs"] = "systemd" },
                ["admissionControllers"] = new JsonArray("ResourceQuota", "LimitRanger"),
            },
            ["networkProfile"] = new JsonObject { ["address"] = address, ["port"] = port },
            ["addons"] = new JsonObject { ["coreDNS"] = new JsonObject(), ["kubeProxy"] = new JsonObject() },
        },
    };

    /// <summary>Metadata of an object of a cluster.</summary>
    public static V1ObjectMeta Metadata(DpuCluster cluster, string name, bool isController) => new()
    {
        Name = name,
        NamespaceProperty = cluster.Metadata.NamespaceProperty,
        Labels = new Dictionary<string, string> { [ClusterLabel] = cluster.Metadata.Name },
        OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = cluster.ApiVersion,
                Kind = cluster.Kind,
                Name = cluster.Metadata.Name,
                Uid = cluster.Metadata.Uid,
                Controller = isController ? true : null,
            },
        ],
    };

    /// <summary>Affinity to the nodes of the management cluster's control plane.</summary>
    public static V1Affinity ControlPlaneAffinity() => new()
    {
        NodeAffinity = new V1NodeAffinity
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
            {
                NodeSelectorTerms =
                [
                    .. ControlPlaneLabels.Select(label => new V1NodeSelectorTerm
                    {
                        MatchExpressions = [new V1NodeSelectorRequirement { Key = label, OperatorProperty = "Exists" }],
                    }),
                ],
            },
        },
    };

    /// <summary>Tolerations of what those nodes keep away.</summary>
    public static IList<V1Toleration> ControlPlaneTolerations() =>
        [.. ControlPlaneLabels.Select(label => new V1Toleration { Key = label, OperatorProperty = "Exists", Effect = "NoSchedule" })];

    private static string[] ControlPlaneLabels => [ControlPlaneLabel, MasterLabel];

    private static JsonObject Labels(DpuCluster cluster) =>
        new() { ["labels"] = new JsonObject { [TenantLabel] = cluster.Metadata.Name } };

    private static JsonObject Deployment(DpuCluster cluster, int nodes) => new()
    {
        ["replicas"] = Math.Clamp(nodes, 1, MostReplicas),
        ["additionalMetadata"] = Labels(cluster),
        ["affinity"] = Json(ControlPlaneAffinity()),
        ["tolerations"] = Json(ControlPlaneTolerations()),
        ["resources"] = new JsonObject
        {
            ["apiServer"] = Requests("250m", "512Mi"),
            ["controllerManager"] = Requests("125m", "256Mi"),
            ["scheduler"] = Requests("125m", "256Mi"),
        },
    };

    private static JsonObject Requests(string cpu, string memory) =>
        new() { ["requests"] = new JsonObject { ["cpu"] = cpu, ["memory"] = memory } };

    private static JsonNode Json<T>(T value) => JsonNode.Parse(k8s.KubernetesJson.Serialize(value))!;
}
