using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>Service chains for every DPU of the selected clusters.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUServiceChain", PluralName = "dpuservicechains")]
[CustomKind(SpecRequired = true, ShortNames = ["dpusc"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class DpuServiceChain : CustomObject<DpuServiceChainSpec, DpuServiceChainStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUServiceChain.</summary>
public sealed class DpuServiceChainSpec
{
    /// <summary>Which DPU clusters are meant; all when left out.</summary>
    [JsonPropertyName("clusterSelector")]
    public V1LabelSelector? ClusterSelector { get; set; }

    /// <summary>What is made.</summary>
    [Mandatory]
    [JsonPropertyName("template")]
    public DpuServiceChainTemplate Template { get; set; } = new();
}

/// <summary>What is known of a DPUServiceChain.</summary>
public sealed class DpuServiceChainStatus : IConditioned
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

/// <summary>What is made.</summary>
public sealed class DpuServiceChainTemplate
{
    /// <summary>Labels and annotations of what is made.</summary>
    [JsonPropertyName("metadata")]
    public ServiceInterfaceSetMetadata? Metadata { get; set; }

    /// <summary>What is wanted.</summary>
    [Mandatory]
    [JsonPropertyName("spec")]
    public ServiceChainSetSpec Spec { get; set; } = new();
}
