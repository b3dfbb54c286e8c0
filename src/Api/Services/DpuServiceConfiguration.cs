using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>How a service of a DPUDeployment is configured.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUServiceConfiguration", PluralName = "dpuserviceconfigurations")]
[CustomKind(SpecRequired = true, ShortNames = ["dpusconf"], Categories = ["dpf"])]
[PrinterColumn("Service", ".spec.deploymentServiceName", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class DpuServiceConfiguration : CustomObject<DpuServiceConfigurationSpec, DpuServiceConfigurationStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUServiceConfiguration.</summary>
public sealed class DpuServiceConfigurationSpec
{
    /// <summary>The deployment service name.</summary>
    [Mandatory]
    [JsonPropertyName("deploymentServiceName")]
    public string DeploymentServiceName { get; set; } = "";

    /// <summary>The interfaces that the service's pods get.</summary>
    [Bounds(1, 50)]
    [JsonPropertyName("interfaces")]
    public IList<DpuServiceConfigurationInterface>? Interfaces { get; set; }

    /// <summary>The service configuration.</summary>
    [JsonPropertyName("serviceConfiguration")]
    public DpuServiceConfigurationServiceConfiguration? ServiceConfiguration { get; set; }

    /// <summary>How a change of the service reaches DPUs.</summary>
    [JsonPropertyName("upgradePolicy")]
    public DpuServiceUpgradePolicy? UpgradePolicy { get; set; }
}

/// <summary>What is known of a DPUServiceConfiguration.</summary>
public sealed class DpuServiceConfigurationStatus
{
}

/// <summary>The network interface.</summary>
public sealed class DpuServiceConfigurationInterface
{
    /// <summary>The name.</summary>
    [Mandatory]
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    /// <summary>The network.</summary>
    [Mandatory]
    [JsonPropertyName("network")]
    public string Network { get; set; } = "";
}

/// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
public sealed class DpuServiceConfigurationHelmChart
{
    /// <summary>The values.</summary>
    [PreserveUnknown]
    [JsonPropertyName("values")]
    public JsonObject? Values { get; set; }
}

/// <summary>The service configuration of a DPUServiceConfiguration.</summary>
public sealed class DpuServiceConfigurationServiceConfiguration
{
    /// <summary>Whether the chart goes to the management cluster instead of the DPUs.</summary>
    [JsonPropertyName("deployInCluster")]
    public bool? DeployInCluster { get; set; }

    /// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
    [JsonPropertyName("helmChart")]
    public DpuServiceConfigurationHelmChart? HelmChart { get; set; }

    /// <summary>Settings of the service's DaemonSet.</summary>
    [JsonPropertyName("serviceDaemonSet")]
    public ServiceInterfaceSetMetadata? ServiceDaemonSet { get; set; }
}

/// <summary>How a change of a service reaches DPUs.</summary>
public sealed class DpuServiceUpgradePolicy
{
    /// <summary>
    /// Whether a change disrupts what runs on a DPU or its host: the new revision runs beside the old one then, and takes over DPU
    /// by DPU. Left out or false, the one there is is changed in place.
    /// </summary>
    [JsonPropertyName("applyNodeEffect")]
    public bool? ApplyNodeEffect { get; set; }

    /// <summary>How long a new revision may take on a DPU before the DPU goes back to the old one; 600 when left out.</summary>
    [Bounds(1, 86400)]
    [Format("int32")]
    [JsonPropertyName("progressDeadlineSeconds")]
    public int? ProgressDeadlineSeconds { get; set; }
}
