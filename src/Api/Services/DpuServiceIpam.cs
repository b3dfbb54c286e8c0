using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>An address pool for the interfaces of services.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUServiceIPAM", PluralName = "dpuserviceipams")]
[CustomKind(SpecRequired = true, ShortNames = ["dpuipam"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Subnet", ".spec.ipv4Subnet.subnet", "string", Priority = 1)]
[PrinterColumn("Network", ".spec.ipv4Network.network", "string", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class DpuServiceIpam : CustomObject<DpuServiceIpamSpec, DpuServiceIpamStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUServiceIPAM.</summary>
public sealed class DpuServiceIpamSpec
{
    /// <summary>Which DPU clusters are meant; all when left out.</summary>
    [JsonPropertyName("clusterSelector")]
    public V1LabelSelector? ClusterSelector { get; set; }

    /// <summary>The ipv4 network.</summary>
    [JsonPropertyName("ipv4Network")]
    public Ipv4Network? Ipv4Network { get; set; }

    /// <summary>The ipv4 subnet.</summary>
    [JsonPropertyName("ipv4Subnet")]
    public Ipv4Subnet? Ipv4Subnet { get; set; }

    /// <summary>Labels and annotations of what is made.</summary>
    [JsonPropertyName("metadata")]
    public ServiceInterfaceSetMetadata? Metadata { get; set; }

    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1NodeSelector? NodeSelector { get; set; }
}

/// <summary>What is known of a DPUServiceIPAM.</summary>
public sealed class DpuServiceIpamStatus : IConditioned
{
    /// <summary>How it does in each DPU cluster that it goes to.</summary>
    [JsonPropertyName("clusters")]
    public IList<MirroredCluster>? Clusters { get; set; }

    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }
}

/// <summary>The route of a DPUServiceIPAM.</summary>
public sealed class DpuServiceIpamRoute
{
    /// <summary>The dst.</summary>
    [Mandatory]
    [JsonPropertyName("dst")]
    public string Dst { get; set; } = "";
}

/// <summary>The ipv4 network of a DPUServiceIPAM.</summary>
public sealed class Ipv4Network
{
    /// <summary>The allocations.</summary>
    [JsonPropertyName("allocations")]
    public Dictionary<string, string>? Allocations { get; set; }

    /// <summary>The default gateway.</summary>
    [JsonPropertyName("defaultGateway")]
    public bool? DefaultGateway { get; set; }

    /// <summary>The exclusions.</summary>
    [JsonPropertyName("exclusions")]
    public IList<string>? Exclusions { get; set; }

    /// <summary>The gateway index.</summary>
    [Format("int32")]
    [JsonPropertyName("gatewayIndex")]
    public int? GatewayIndex { get; set; }

    /// <summary>The network.</summary>
    [Mandatory]
    [JsonPropertyName("network")]
    public string Network { get; set; } = "";

    /// <summary>The prefix size.</summary>
    [Mandatory]
    [Format("int32")]
    [JsonPropertyName("prefixSize")]
    public int PrefixSize { get; set; }

    /// <summary>The routes.</summary>
    [JsonPropertyName("routes")]
    public IList<DpuServiceIpamRoute>? Routes { get; set; }
}

/// <summary>The ipv4 subnet of a DPUServiceIPAM.</summary>
public sealed class Ipv4Subnet
{
    /// <summary>The default gateway.</summary>
    [JsonPropertyName("defaultGateway")]
    public bool? DefaultGateway { get; set; }

    /// <summary>The gateway.</summary>
    [Mandatory]
    [JsonPropertyName("gateway")]
    public string Gateway { get; set; } = "";

    /// <summary>The per node IP count.</summary>
    [Mandatory]
    [JsonPropertyName("perNodeIPCount")]
    public int PerNodeIpCount { get; set; }

    /// <summary>The routes.</summary>
    [JsonPropertyName("routes")]
    public IList<DpuServiceIpamRoute>? Routes { get; set; }

    /// <summary>The subnet.</summary>
    [Mandatory]
    [JsonPropertyName("subnet")]
    public string Subnet { get; set; } = "";
}
