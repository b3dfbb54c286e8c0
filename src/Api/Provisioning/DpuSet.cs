using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>Makes a DPU for every DPU of the selected nodes, and rolls changes out over them.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUSet", PluralName = "dpusets")]
[CustomKind(Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason")]
[PrinterColumn("BFB", ".spec.dpuTemplate.spec.bfb.name")]
[PrinterColumn("DPUs", ".status.dpus", "integer")]
[PrinterColumn("Up-To-Date", ".status.upToDateDPUs", "integer")]
[PrinterColumn("Available", ".status.readyDPUs", "integer")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Flavor", ".spec.dpuTemplate.spec.dpuFlavor", Priority = 1)]
[PrinterColumn("Strategy", ".spec.strategy.type", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
public sealed class DpuSet : CustomObject<DpuSetSpec, DpuSetStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "provisioning.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUSet.</summary>
public sealed class DpuSetSpec
{
    /// <summary>Which of a node's DPUs are meant, by labels of the node.</summary>
    [JsonPropertyName("dpuSelector")]
    public Dictionary<string, string>? DpuSelector { get; set; }

    /// <summary>The dpu template.</summary>
    [JsonPropertyName("dpuTemplate")]
    public DpuTemplate? DpuTemplate { get; set; }

    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1LabelSelector? NodeSelector { get; set; }

    /// <summary>How changes are rolled out.</summary>
    [JsonPropertyName("strategy")]
    public DpuSetStrategy? Strategy { get; set; }
}

/// <summary>What is known of a DPUSet.</summary>
public sealed class DpuSetStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>How many DPUs there should be: one for each card that is selected.</summary>
    [JsonPropertyName("dpus")]
    public int? Dpus { get; set; }

    /// <summary>How many of them work.</summary>
    [JsonPropertyName("readyDPUs")]
    public int? ReadyDpus { get; set; }

    /// <summary>How many were made from the template as it is now.</summary>
    [JsonPropertyName("upToDateDPUs")]
    public int? UpToDateDpus { get; set; }

    /// <summary>The dpu statistics.</summary>
    [JsonPropertyName("dpuStatistics")]
    public Dictionary<string, int>? DpuStatistics { get; set; }
}

/// <summary>The boot image.</summary>
public sealed class DpuSetBfb
{
    /// <summary>The name.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; set; }
}

/// <summary>The DPU cluster that the DPU joins.</summary>
public sealed class DpuSetCluster
{
    /// <summary>Labels of the DPU's node there.</summary>
    [JsonPropertyName("nodeLabels")]
    public Dictionary<string, string>? NodeLabels { get; set; }
}

/// <summary>The dpu template spec of a DPUSet.</summary>
public sealed class DpuTemplateSpec
{
    /// <summary>Whether the host is restarted when flashing needs it.</summary>
    [DefaultJson("true")]
    [JsonPropertyName("automaticNodeReboot")]
    public bool? AutomaticNodeReboot { get; set; }

    /// <summary>The boot image.</summary>
    [JsonPropertyName("bfb")]
    public DpuSetBfb? Bfb { get; set; }

    /// <summary>The DPU cluster that the DPU joins.</summary>
    [JsonPropertyName("cluster")]
    public DpuSetCluster? Cluster { get; set; }

    /// <summary>The flavor.</summary>
    [JsonPropertyName("dpuFlavor")]
    public string? DpuFlavor { get; set; }

    /// <summary>What happens to the host while its DPU is flashed.</summary>
    [DefaultJson("{\"drain\": {\"automaticNodeReboot\": true}}")]
    [JsonPropertyName("nodeEffect")]
    public NodeEffect? NodeEffect { get; set; }
}

/// <summary>The dpu template of a DPUSet.</summary>
public sealed class DpuTemplate
{
    /// <summary>Annotations.</summary>
    [JsonPropertyName("annotations")]
    public Dictionary<string, string>? Annotations { get; set; }

    /// <summary>What is wanted.</summary>
    [JsonPropertyName("spec")]
    public DpuTemplateSpec? Spec { get; set; }
}

/// <summary>The limits of a rolling update.</summary>
public sealed class RollingUpdate
{
    /// <summary>How many may be missing at once: a number, or a percentage.</summary>
    [JsonPropertyName("maxUnavailable")]
    public JsonNode? MaxUnavailable { get; set; }
}

/// <summary>How changes are rolled out.</summary>
public sealed class DpuSetStrategy
{
    /// <summary>The limits of a rolling update.</summary>
    [JsonPropertyName("rollingUpdate")]
    public RollingUpdate? RollingUpdate { get; set; }

    /// <summary>Which kind of it.</summary>
    [DefaultJson("\"Recreate\"")]
    [OneOf("Recreate", "RollingUpdate")]
    [JsonPropertyName("type")]
    public string? Type { get; set; }
}
