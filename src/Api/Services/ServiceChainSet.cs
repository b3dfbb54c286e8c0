using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>A ServiceChain for every selected node.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "ServiceChainSet", PluralName = "servicechainsets")]
[CustomKind(SpecRequired = true, ShortNames = ["svcchainset"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Nodes", ".status.numberApplied", "integer")]
[PrinterColumn("Working", ".status.numberReady", "integer")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class ServiceChainSet : CustomObject<ServiceChainSetSpec, ServiceChainSetStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a ServiceChainSet.</summary>
public sealed class ServiceChainSetSpec
{
    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1LabelSelector? NodeSelector { get; set; }

    /// <summary>What is made.</summary>
    [Mandatory]
    [JsonPropertyName("template")]
    public ServiceChainSetTemplate Template { get; set; } = new();
}

/// <summary>What is known of a ServiceChainSet.</summary>
public sealed class ServiceChainSetStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The number applied.</summary>
    [Format("int32")]
    [JsonPropertyName("numberApplied")]
    public int? NumberApplied { get; set; }

    /// <summary>How many work.</summary>
    [Format("int32")]
    [JsonPropertyName("numberReady")]
    public int? NumberReady { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }
}

/// <summary>What is made.</summary>
public sealed class ServiceChainSetTemplate
{
    /// <summary>Labels and annotations of what is made.</summary>
    [JsonPropertyName("metadata")]
    public ServiceInterfaceSetMetadata? Metadata { get; set; }

    /// <summary>What is wanted.</summary>
    [Mandatory]
    [JsonPropertyName("spec")]
    public ServiceChainSpec Spec { get; set; } = new();
}
