using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>Asks for credentials of one cluster, kept in a Secret of another.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUServiceCredentialRequest", PluralName = "dpuservicecredentialrequests")]
[CustomKind(SpecRequired = true, ShortNames = ["dpucred"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Type", ".spec.type", "string", Priority = 1)]
[PrinterColumn("Secret", ".status.secret", "string", Priority = 1)]
[PrinterColumn("Expires", ".status.expirationTimestamp", "string", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", "string", Priority = 1)]
public sealed class DpuServiceCredentialRequest : CustomObject<DpuServiceCredentialRequestSpec, DpuServiceCredentialRequestStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUServiceCredentialRequest.</summary>
public sealed class DpuServiceCredentialRequestSpec
{
    /// <summary>How long the credentials are valid.</summary>
    [Pattern(@"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$")]
    [JsonPropertyName("duration")]
    public string? Duration { get; set; }

    /// <summary>Labels and annotations of what is made.</summary>
    [JsonPropertyName("metadata")]
    public ServiceInterfaceSetMetadata? Metadata { get; set; }

    /// <summary>The Secret that takes the credentials.</summary>
    [Mandatory]
    [JsonPropertyName("secret")]
    public DpuServiceCredentialRequestSecret Secret { get; set; } = new();

    /// <summary>The account.</summary>
    [Mandatory]
    [JsonPropertyName("serviceAccount")]
    public DpuServiceCredentialRequestSecret ServiceAccount { get; set; } = new();

    /// <summary>The cluster whose credentials are asked for; the management cluster when left out.</summary>
    [JsonPropertyName("targetCluster")]
    public DpuServiceCredentialRequestSecret? TargetCluster { get; set; }

    /// <summary>Which kind of it.</summary>
    [Mandatory]
    [OneOf("kubeconfig", "tokenFile")]
    [JsonPropertyName("type")]
    public string Type { get; set; } = "";
}

/// <summary>What is known of a DPUServiceCredentialRequest.</summary>
public sealed class DpuServiceCredentialRequestStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The expiration timestamp.</summary>
    [Format("date-time")]
    [JsonPropertyName("expirationTimestamp")]
    public string? ExpirationTimestamp { get; set; }

    /// <summary>The issued at.</summary>
    [Format("date-time")]
    [JsonPropertyName("issuedAt")]
    public string? IssuedAt { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>The Secret that takes the credentials.</summary>
    [JsonPropertyName("secret")]
    public string? Secret { get; set; }

    /// <summary>The account.</summary>
    [JsonPropertyName("serviceAccount")]
    public string? ServiceAccount { get; set; }

    /// <summary>The cluster whose credentials are asked for; the management cluster when left out.</summary>
    [JsonPropertyName("targetCluster")]
    public string? TargetCluster { get; set; }
}

/// <summary>The Secret that takes the credentials.</summary>
public sealed class DpuServiceCredentialRequestSecret
{
    /// <summary>The name.</summary>
    [Mandatory]
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    /// <summary>The namespace.</summary>
    [JsonPropertyName("namespace")]
    public string? Namespace { get; set; }
}
