using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>A ServiceInterface for every selected node.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "ServiceInterfaceSet", PluralName = "serviceinterfacesets")]
[CustomKind(SpecRequired = true, ShortNames = ["svcifset"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("IfType", ".spec.template.spec.interfaceType", "string")]
[PrinterColumn("IfName", ".spec.template.spec..interfaceName", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Nodes", ".status.numberApplied", "integer", Priority = 1)]
[PrinterColumn("Working", ".status.numberReady", "integer", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class ServiceInterfaceSet : CustomObject<ServiceInterfaceSetSpec, ServiceInterfaceSetStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a ServiceInterfaceSet.</summary>
public sealed class ServiceInterfaceSetSpec
{
    /// <summary>Which nodes are meant.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1LabelSelector? NodeSelector { get; set; }

    /// <summary>What is made.</summary>
    [Mandatory]
    [JsonPropertyName("template")]
    public ServiceInterfaceSetTemplate Template { get; set; } = new();
}

/// <summary>What is known of a ServiceInterfaceSet.</summary>
public sealed class ServiceInterfaceSetStatus : IConditioned
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

/// <summary>Labels and annotations of what is made.</summary>
public sealed class ServiceInterfaceSetMetadata
{
    /// <summary>Annotations.</summary>
    [JsonPropertyName("annotations")]
    public Dictionary<string, string>? Annotations { get; set; }

    /// <summary>Labels.</summary>
    [JsonPropertyName("labels")]
    public Dictionary<string, string>? Labels { get; set; }
}

/// <summary>What is made.</summary>
public sealed class ServiceInterfaceSetTemplate
{
    /// <summary>Labels and annotations of what is made.</summary>
    [JsonPropertyName("metadata")]
    public ServiceInterfaceSetMetadata? Metadata { get; set; }

    /// <summary>What is wanted.</summary>
    [Mandatory]
    [JsonPropertyName("spec")]
    public ServiceInterfaceSpec Spec { get; set; } = new();
}
