using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>DPUs and their services as one: a set of DPUs, service templates with configurations, and chains.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUDeployment", PluralName = "dpudeployments")]
[CustomKind(SpecRequired = true, ShortNames = ["dpudep"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("BFB", ".spec.dpus.bfb", "string", Priority = 1)]
[PrinterColumn("Flavor", ".spec.dpus.flavor", "string", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class DpuDeployment : CustomObject<DpuDeploymentSpec, DpuDeploymentStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUDeployment.</summary>
public sealed class DpuDeploymentSpec
{
    /// <summary>The dpus.</summary>
    [Mandatory]
    [JsonPropertyName("dpus")]
    public DpuDeploymentDpus Dpus { get; set; } = new();

    /// <summary>The service chains.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("serviceChains")]
    public IList<DpuDeploymentServiceChain> ServiceChains { get; set; } = [];

    /// <summary>The services.</summary>
    [Mandatory]
    [JsonPropertyName("services")]
    public Dictionary<string, DpuDeploymentServices> Services { get; set; } = [];
}

/// <summary>What is known of a DPUDeployment.</summary>
public sealed class DpuDeploymentStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }
}

/// <summary>The dpu set of a DPUDeployment.</summary>
public sealed class DpuDeploymentDpuSet
{
    /// <summary>The dpu annotations.</summary>
    [JsonPropertyName("dpuAnnotations")]
    public Dictionary<string, string>? DpuAnnotations { get; set; }

    /// <summary>Which of a node's DPUs are meant, by labels of the node.</summary>
    [JsonPropertyName("dpuSelector")]
    public Dictionary<string, string>? DpuSelector { get; set; }

    /// <summary>The name suffix.</summary>
    [Mandatory]
    [Bounds(1, 63)]
    [JsonPropertyName("nameSuffix")]
    public string NameSuffix { get; set; } = "";

    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1LabelSelector? NodeSelector { get; set; }
}

/// <summary>The dpus of a DPUDeployment.</summary>
public sealed class DpuDeploymentDpus
{
    /// <summary>The boot image.</summary>
    [Mandatory]
    [JsonPropertyName("bfb")]
    public string Bfb { get; set; } = "";

    /// <summary>The dpu sets.</summary>
    [Bounds(1, 50)]
    [JsonPropertyName("dpuSets")]
    public IList<DpuDeploymentDpuSet>? DpuSets { get; set; }

    /// <summary>The flavor.</summary>
    [Mandatory]
    [JsonPropertyName("flavor")]
    public string Flavor { get; set; } = "";
}

/// <summary>The service of a DPUDeployment.</summary>
public sealed class DpuDeploymentService
{
    /// <summary>The network interface.</summary>
    [Mandatory]
    [JsonPropertyName("interface")]
    public string Interface { get; set; } = "";

    /// <summary>The ipam.</summary>
    [JsonPropertyName("ipam")]
    public ServiceChainIpam? Ipam { get; set; }

    /// <summary>The name.</summary>
    [Mandatory]
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";
}

/// <summary>The port of a DPUDeployment.</summary>
[CelRule("(has(self.service) && !has(self.serviceInterface)) || (!has(self.service) && has(self.serviceInterface))", "either service or serviceInterface must be specified")]
public sealed class DpuDeploymentPort
{
    /// <summary>The service.</summary>
    [JsonPropertyName("service")]
    public DpuDeploymentService? Service { get; set; }

    /// <summary>The interface, by labels.</summary>
    [JsonPropertyName("serviceInterface")]
    public ServiceChainServiceInterface? ServiceInterface { get; set; }
}

/// <summary>The service chain of a DPUDeployment.</summary>
public sealed class DpuDeploymentServiceChain
{
    /// <summary>The ports of the switch.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("ports")]
    public IList<DpuDeploymentPort> Ports { get; set; } = [];
}

/// <summary>The services of a DPUDeployment.</summary>
public sealed class DpuDeploymentServices
{
    /// <summary>The service configuration.</summary>
    [Mandatory]
    [JsonPropertyName("serviceConfiguration")]
    public string ServiceConfiguration { get; set; } = "";

    /// <summary>The service template.</summary>
    [Mandatory]
    [JsonPropertyName("serviceTemplate")]
    public string ServiceTemplate { get; set; } = "";
}
