using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>A boot image for DPUs: downloaded once, then usable by every DPU.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "BFB", PluralName = "bfbs")]
[CustomKind]
[PrinterColumn("Phase", ".status.phase")]
[PrinterColumn("File", ".spec.fileName")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class Bfb : CustomObject<BfbSpec, BfbStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "provisioning.dpu.nvidia.com";
}

/// <summary>What is wanted of a BFB.</summary>
[CelRule("self == oldSelf", "Value is immutable")]
public sealed class BfbSpec
{
    /// <summary>The file name on the shared volume.</summary>
    [Pattern(@"^[A-Za-z0-9\_\-\.]+\.bfb$")]
    [JsonPropertyName("fileName")]
    public string? FileName { get; set; }

    /// <summary>Where it is downloaded from.</summary>
    [Mandatory]
    [Pattern(@"^(http|https)://.+\.bfb$")]
    [JsonPropertyName("url")]
    public string Url { get; set; } = "";
}

/// <summary>What is known of a BFB.</summary>
public sealed class BfbStatus
{
    /// <summary>How far it is.</summary>
    [Mandatory]
    [DefaultJson("\"Initializing\"")]
    [OneOf("Initializing", "Downloading", "Ready", "Deleting", "Error")]
    [JsonPropertyName("phase")]
    public string Phase { get; set; } = "";
}
