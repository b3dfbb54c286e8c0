using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>How the interfaces of one node are connected.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "ServiceChain", PluralName = "servicechains")]
[CustomKind(SpecRequired = true, ShortNames = ["svcchain"], Categories = ["dpf"])]
[PrinterColumn("Node", ".spec.node", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Report", ".metadata.annotations.svc\\.dpu\\.nvidia\\.com/report", "string", Priority = 1)]
public sealed class ServiceChain : CustomObject<ServiceChainSpec, ServiceChainStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a ServiceChain.</summary>
public sealed class ServiceChainSpec
{
    /// <summary>The node.</summary>
    [JsonPropertyName("node")]
    public string? Node { get; set; }

    /// <summary>The switches of the chain.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("switches")]
    public IList<ServiceChainSwitch> Switches { get; set; } = [];
}

/// <summary>What is known of a ServiceChain.</summary>
public sealed class ServiceChainStatus
{
}

/// <summary>The ipam of a ServiceChain.</summary>
public sealed class ServiceChainIpam
{
    /// <summary>The default gateway.</summary>
    [JsonPropertyName("defaultGateway")]
    public bool? DefaultGateway { get; set; }

    /// <summary>Labels that have to be there.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("matchLabels")]
    public Dictionary<string, string> MatchLabels { get; set; } = [];

    /// <summary>The set default route.</summary>
    [JsonPropertyName("setDefaultRoute")]
    public bool? SetDefaultRoute { get; set; }
}

/// <summary>The interface, by labels.</summary>
public sealed class ServiceChainServiceInterface
{
    /// <summary>The ipam.</summary>
    [JsonPropertyName("ipam")]
    public ServiceChainIpam? Ipam { get; set; }

    /// <summary>Labels that have to be there.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("matchLabels")]
    public Dictionary<string, string> MatchLabels { get; set; } = [];
}

/// <summary>The port of a ServiceChain.</summary>
public sealed class ServiceChainPort
{
    /// <summary>The interface, by labels.</summary>
    [Mandatory]
    [JsonPropertyName("serviceInterface")]
    public ServiceChainServiceInterface ServiceInterface { get; set; } = new();
}

/// <summary>The switch of a ServiceChain.</summary>
public sealed class ServiceChainSwitch
{
    /// <summary>The ports of the switch.</summary>
    [Mandatory]
    [Bounds(1, 50)]
    [JsonPropertyName("ports")]
    public IList<ServiceChainPort> Ports { get; set; } = [];
}
