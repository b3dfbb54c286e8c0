using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>One physical DPU, from its first flashing to its end.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPU", PluralName = "dpus")]
[CustomKind(Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.phase", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Host", ".spec.nodeName", Priority = 1)]
[PrinterColumn("BFB", ".spec.bfb", Priority = 1)]
[PrinterColumn("Flavor", ".spec.dpuFlavor", Priority = 1)]
[PrinterColumn("Cluster", ".spec.cluster.name", Priority = 1)]
[PrinterColumn("Reason", ".status.conditions[?(@.type=='Ready')].reason", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
public sealed class Dpu : CustomObject<DpuSpec, DpuStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "provisioning.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPU.</summary>
public sealed class DpuSpec
{
    /// <summary>Whether the host is restarted when flashing needs it.</summary>
    [DefaultJson("true")]
    [JsonPropertyName("automaticNodeReboot")]
    public bool? AutomaticNodeReboot { get; set; }

    /// <summary>The boot image.</summary>
    [Mandatory]
    [JsonPropertyName("bfb")]
    public string Bfb { get; set; } = "";

    /// <summary>The DPU cluster that the DPU joins.</summary>
    [JsonPropertyName("cluster")]
    public DpuSpecCluster? Cluster { get; set; }

    /// <summary>The flavor.</summary>
    [JsonPropertyName("dpuFlavor")]
    public string? DpuFlavor { get; set; }

    /// <summary>What happens to the host while its DPU is flashed.</summary>
    [DefaultJson("{\"drain\": {\"automaticNodeReboot\": true}}")]
    [JsonPropertyName("nodeEffect")]
    public NodeEffect? NodeEffect { get; set; }

    /// <summary>The host's node.</summary>
    [Mandatory]
    [CelRule("self == oldSelf", "Value is immutable")]
    [JsonPropertyName("nodeName")]
    public string NodeName { get; set; } = "";

    /// <summary>The PCI address, e.g. <c>0000-03-00</c>.</summary>
    [CelRule("self == oldSelf", "Value is immutable")]
    [JsonPropertyName("pciAddress")]
    public string? PciAddress { get; set; }
}

/// <summary>What is known of a DPU.</summary>
public sealed class DpuStatus : IConditioned
{
    /// <summary>The bfb version.</summary>
    [JsonPropertyName("bfbVersion")]
    public string? BfbVersion { get; set; }

    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The firmware.</summary>
    [JsonPropertyName("firmware")]
    public DpuFirmware? Firmware { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>The pci device.</summary>
    [JsonPropertyName("pciDevice")]
    public string? PciDevice { get; set; }

    /// <summary>How far it is.</summary>
    [Mandatory]
    [DefaultJson("\"Initializing\"")]
    [OneOf("Initializing", "Node Effect", "Pending", "DMS Deployment", "OS Installing", "DPU Cluster Config", "Host Network Configuration", "Ready", "Error", "Deleting", "Rebooting")]
    [JsonPropertyName("phase")]
    public string Phase { get; set; } = "";

    /// <summary>The required reset.</summary>
    [JsonPropertyName("requiredReset")]
    public bool? RequiredReset { get; set; }
}

/// <summary>The spec cluster of a DPU.</summary>
public sealed class DpuSpecCluster
{
    /// <summary>The name.</summary>
    [CelRule("self==oldSelf", "Value is immutable")]
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>The namespace.</summary>
    [CelRule("self==oldSelf", "Value is immutable")]
    [JsonPropertyName("namespace")]
    public string? Namespace { get; set; }

    /// <summary>Labels of the DPU's node there.</summary>
    [JsonPropertyName("nodeLabels")]
    public Dictionary<string, string>? NodeLabels { get; set; }
}

/// <summary>Pods are moved away first.</summary>
public sealed class DpuDrain
{
    /// <summary>Whether the host is restarted when flashing needs it.</summary>
    [DefaultJson("true")]
    [JsonPropertyName("automaticNodeReboot")]
    public bool? AutomaticNodeReboot { get; set; }
}

/// <summary>A taint that keeps pods away meanwhile.</summary>
public sealed class DpuTaint
{
    /// <summary>What the taint does.</summary>
    [Mandatory]
    [JsonPropertyName("effect")]
    public string Effect { get; set; } = "";

    /// <summary>The key.</summary>
    [Mandatory]
    [JsonPropertyName("key")]
    public string Key { get; set; } = "";

    /// <summary>The time added.</summary>
    [Format("date-time")]
    [JsonPropertyName("timeAdded")]
    public string? TimeAdded { get; set; }

    /// <summary>The value.</summary>
    [JsonPropertyName("value")]
    public string? Value { get; set; }
}

/// <summary>What happens to the host while its DPU is flashed.</summary>
public sealed class NodeEffect
{
    /// <summary>Labels that the host gets meanwhile.</summary>
    [JsonPropertyName("customLabel")]
    public Dictionary<string, string>? CustomLabel { get; set; }

    /// <summary>Pods are moved away first.</summary>
    [JsonPropertyName("drain")]
    public DpuDrain? Drain { get; set; }

    /// <summary>Nothing happens to the host.</summary>
    [JsonPropertyName("noEffect")]
    public bool? NoEffect { get; set; }

    /// <summary>A taint that keeps pods away meanwhile.</summary>
    [JsonPropertyName("taint")]
    public DpuTaint? Taint { get; set; }
}

/// <summary>The firmware of a DPU.</summary>
public sealed class DpuFirmware
{
    /// <summary>The bmc.</summary>
    [JsonPropertyName("bmc")]
    public string? Bmc { get; set; }

    /// <summary>The nic.</summary>
    [JsonPropertyName("nic")]
    public string? Nic { get; set; }

    /// <summary>The uefi.</summary>
    [JsonPropertyName("uefi")]
    public string? Uefi { get; set; }
}
