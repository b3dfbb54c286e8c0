using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>A Helm chart that runs on the DPUs, or in the management cluster.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUService", PluralName = "dpuservices")]
[CustomKind(SpecRequired = true, ShortNames = ["dpusvc"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Chart", ".spec.helmChart.source.chart", "string", Priority = 1)]
[PrinterColumn("Version", ".spec.helmChart.source.version", "string", Priority = 1)]
[PrinterColumn("Paused", ".spec.paused", "boolean", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class DpuService : CustomObject<DpuServiceSpec, DpuServiceStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUService.</summary>
[CelRule("(has(self.interfaces) && has(self.serviceID)) || (!has(self.interfaces) && !has(self.serviceID)) || has(self.serviceID)", "serviceID must be provided when interfaces are provided")]
public sealed class DpuServiceSpec
{
    /// <summary>Whether the chart goes to the management cluster instead of the DPUs.</summary>
    [JsonPropertyName("deployInCluster")]
    public bool? DeployInCluster { get; set; }

    /// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
    [Mandatory]
    [JsonPropertyName("helmChart")]
    public HelmChart HelmChart { get; set; } = new();

    /// <summary>The interfaces that the service's pods get.</summary>
    [Bounds(1, 50)]
    [JsonPropertyName("interfaces")]
    public IList<string>? Interfaces { get; set; }

    /// <summary>Whether nothing is done at present.</summary>
    [JsonPropertyName("paused")]
    public bool? Paused { get; set; }

    /// <summary>Settings of the service's DaemonSet.</summary>
    [JsonPropertyName("serviceDaemonSet")]
    public ServiceDaemonSet? ServiceDaemonSet { get; set; }

    /// <summary>The service that the interface belongs to.</summary>
    [JsonPropertyName("serviceID")]
    public string? ServiceId { get; set; }
}

/// <summary>What is known of a DPUService.</summary>
public sealed class DpuServiceStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }
}

/// <summary>Where the chart comes from.</summary>
public sealed class DpuServiceSource
{
    /// <summary>The chart's name.</summary>
    [JsonPropertyName("chart")]
    public string? Chart { get; set; }

    /// <summary>The path.</summary>
    [JsonPropertyName("path")]
    public string? Path { get; set; }

    /// <summary>The release's name.</summary>
    [JsonPropertyName("releaseName")]
    public string? ReleaseName { get; set; }

    /// <summary>The repository: <c>oci://…</c> or <c>https://…</c>.</summary>
    [Mandatory]
    [Pattern(@"^(oci://|https://).+$")]
    [JsonPropertyName("repoURL")]
    public string RepoUrl { get; set; } = "";

    /// <summary>The version.</summary>
    [Mandatory]
    [Bounds(1, long.MaxValue)]
    [JsonPropertyName("version")]
    public string Version { get; set; } = "";
}

/// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
public sealed class HelmChart
{
    /// <summary>Where the chart comes from.</summary>
    [Mandatory]
    [JsonPropertyName("source")]
    public DpuServiceSource Source { get; set; } = new();

    /// <summary>The values.</summary>
    [PreserveUnknown]
    [JsonPropertyName("values")]
    public JsonObject? Values { get; set; }
}

/// <summary>The limits of a rolling update.</summary>
public sealed class RollingUpdate
{
    /// <summary>The max surge.</summary>
    [JsonPropertyName("maxSurge")]
    public JsonNode? MaxSurge { get; set; }

    /// <summary>How many may be missing at once: a number, or a percentage.</summary>
    [JsonPropertyName("maxUnavailable")]
    public JsonNode? MaxUnavailable { get; set; }
}

/// <summary>How its pods are replaced.</summary>
public sealed class UpdateStrategy
{
    /// <summary>The limits of a rolling update.</summary>
    [JsonPropertyName("rollingUpdate")]
    public RollingUpdate? RollingUpdate { get; set; }

    /// <summary>Which kind of it.</summary>
    [JsonPropertyName("type")]
    public string? Type { get; set; }
}

/// <summary>Settings of the service's DaemonSet.</summary>
public sealed class ServiceDaemonSet
{
    /// <summary>Annotations.</summary>
    [JsonPropertyName("annotations")]
    public Dictionary<string, string>? Annotations { get; set; }

    /// <summary>Labels.</summary>
    [JsonPropertyName("labels")]
    public Dictionary<string, string>? Labels { get; set; }

    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1NodeSelector? NodeSelector { get; set; }

    /// <summary>How its pods are replaced.</summary>
    [JsonPropertyName("updateStrategy")]
    public UpdateStrategy? UpdateStrategy { get; set; }
}
