using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>The chart of a service of a DPUDeployment.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUServiceTemplate", PluralName = "dpuservicetemplates")]
[CustomKind(SpecRequired = true, ShortNames = ["dput"], Categories = ["dpf"])]
[PrinterColumn("Service", ".spec.deploymentServiceName", "string")]
[PrinterColumn("Chart", ".spec.helmChart.source.chart", "string")]
[PrinterColumn("Version", ".spec.helmChart.source.version", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class DpuServiceTemplate : CustomObject<DpuServiceTemplateSpec, DpuServiceTemplateStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUServiceTemplate.</summary>
public sealed class DpuServiceTemplateSpec
{
    /// <summary>The deployment service name.</summary>
    [Mandatory]
    [JsonPropertyName("deploymentServiceName")]
    public string DeploymentServiceName { get; set; } = "";

    /// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
    [Mandatory]
    [JsonPropertyName("helmChart")]
    public HelmChart HelmChart { get; set; } = new();

    /// <summary>The resource requirements.</summary>
    [Quantities]
    [JsonPropertyName("resourceRequirements")]
    public Dictionary<string, JsonNode>? ResourceRequirements { get; set; }
}

/// <summary>What is known of a DPUServiceTemplate.</summary>
public sealed class DpuServiceTemplateStatus
{
}
