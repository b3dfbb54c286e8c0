using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>A boot image for DPUs: downloaded once, then usable by every DPU.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "BFB", PluralName = "bfbs")]
[CustomKind(Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status")]
[PrinterColumn("Phase", ".status.phase")]
[PrinterColumn("DOCA", ".status.versions.doca")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("File", ".spec.fileName", Priority = 1)]
[PrinterColumn("BSP", ".status.versions.bsp", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
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
public sealed class BfbStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>How far it is.</summary>
    [Mandatory]
    [DefaultJson("\"Initializing\"")]
    [OneOf("Initializing", "Downloading", "Ready", "Deleting", "Error")]
    [JsonPropertyName("phase")]
    public string Phase { get; set; } = "";

    /// <summary>The SHA-256 of the file, as it was when it was last read to its end.</summary>
    [JsonPropertyName("sha256")]
    public string? Sha256 { get; set; }

    /// <summary>The versions of what the image installs, as it says itself; absent when it does not say.</summary>
    [JsonPropertyName("versions")]
    public BfbVersions? Versions { get; set; }
}

/// <summary>The versions of what a boot image installs.</summary>
public sealed class BfbVersions
{
    /// <summary>Arm Trusted Firmware.</summary>
    [JsonPropertyName("atf")]
    public string? Atf { get; set; }

    /// <summary>The board support package.</summary>
    [JsonPropertyName("bsp")]
    public string? Bsp { get; set; }

    /// <summary>DOCA, e.g. <c>2.9.1</c>.</summary>
    [JsonPropertyName("doca")]
    public string? Doca { get; set; }

    /// <summary>UEFI.</summary>
    [JsonPropertyName("uefi")]
    public string? Uefi { get; set; }
}
