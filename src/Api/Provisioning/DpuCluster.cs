using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>The cluster whose nodes are DPUs.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUCluster", PluralName = "dpuclusters")]
[CustomKind(SpecRequired = true, ShortNames = ["dpuc"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.phase", "string")]
[PrinterColumn("Type", ".spec.type", "string")]
[PrinterColumn("MaxNodes", ".spec.maxNodes", "integer")]
[PrinterColumn("Version", ".spec.version", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("VIP", ".spec.clusterEndpoint.keepalived.vip", Priority = 1)]
[PrinterColumn("Kubeconfig", ".spec.kubeconfig", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
public sealed class DpuCluster : CustomObject<DpuClusterSpec, DpuClusterStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "provisioning.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUCluster.</summary>
public sealed class DpuClusterSpec
{
    /// <summary>The cluster endpoint.</summary>
    [JsonPropertyName("clusterEndpoint")]
    public ClusterEndpoint? ClusterEndpoint { get; set; }

    /// <summary>The Secret with the administrator's kubeconfig, in the same namespace.</summary>
    [CelRule("oldSelf==\"\"||self==oldSelf", "kubeconfig is immutable")]
    [JsonPropertyName("kubeconfig")]
    public string? Kubeconfig { get; set; }

    /// <summary>How many nodes it takes.</summary>
    [DefaultJson("1000")]
    [Bounds(1, 1000)]
    [JsonPropertyName("maxNodes")]
    public int? MaxNodes { get; set; }

    /// <summary>Which kind of it.</summary>
    [Mandatory]
    [Pattern(@"^(kamaji|static|[^/]+/.*)$")]
    [JsonPropertyName("type")]
    public string Type { get; set; } = "";

    /// <summary>The version.</summary>
    [Mandatory]
    [JsonPropertyName("version")]
    public string Version { get; set; } = "";
}

/// <summary>What is known of a DPUCluster.</summary>
public sealed class DpuClusterStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>How far it is.</summary>
    [Mandatory]
    [DefaultJson("\"Pending\"")]
    [OneOf("Pending", "Creating", "Ready", "NotReady", "Failed")]
    [JsonPropertyName("phase")]
    public string Phase { get; set; } = "";
}

/// <summary>The keepalived of a DPUCluster.</summary>
public sealed class Keepalived
{
    /// <summary>The network interface.</summary>
    [Mandatory]
    [Bounds(1, long.MaxValue)]
    [JsonPropertyName("interface")]
    public string Interface { get; set; } = "";

    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public Dictionary<string, string>? NodeSelector { get; set; }

    /// <summary>The virtual address.</summary>
    [Mandatory]
    [JsonPropertyName("vip")]
    public string Vip { get; set; } = "";

    /// <summary>The VRRP router id.</summary>
    [Mandatory]
    [Bounds(1, 255)]
    [JsonPropertyName("virtualRouterID")]
    public int VirtualRouterId { get; set; }
}

/// <summary>The cluster endpoint of a DPUCluster.</summary>
public sealed class ClusterEndpoint
{
    /// <summary>The keepalived.</summary>
    [JsonPropertyName("keepalived")]
    public Keepalived? Keepalived { get; set; }
}
