using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Provisioning;

/// <summary>How a DPU is set up: kernel, firmware, Open vSwitch, files. Cannot be changed once made.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPUFlavor", PluralName = "dpuflavors")]
[CustomKind(WithoutStatus = true, ShortNames = ["dpuf"], Categories = ["dpf"])]
[PrinterColumn("CPU", ".spec.dpuResources.cpu")]
[PrinterColumn("Memory", ".spec.dpuResources.memory")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class DpuFlavor : CustomObject<DpuFlavorSpec, DpuFlavorStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "provisioning.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPUFlavor.</summary>
[CelRule("self == oldSelf", "DPUFlavor spec is immutable")]
public sealed class DpuFlavorSpec
{
    /// <summary>Lines for the head of bf.cfg.</summary>
    [JsonPropertyName("bfcfgParameters")]
    public IList<string>? BfcfgParameters { get; set; }

    /// <summary>The config files.</summary>
    [JsonPropertyName("configFiles")]
    public IList<ConfigFile>? ConfigFiles { get; set; }

    /// <summary>The containerd config.</summary>
    [JsonPropertyName("containerdConfig")]
    public ContainerdConfig? ContainerdConfig { get; set; }

    /// <summary>The dpu resources.</summary>
    [Quantities]
    [JsonPropertyName("dpuResources")]
    public Dictionary<string, JsonNode>? DpuResources { get; set; }

    /// <summary>The grub.</summary>
    [JsonPropertyName("grub")]
    public DpuFlavorGrub? Grub { get; set; }

    /// <summary>The nvconfig.</summary>
    [JsonPropertyName("nvconfig")]
    public IList<Nvconfig>? Nvconfig { get; set; }

    /// <summary>The ovs.</summary>
    [JsonPropertyName("ovs")]
    public DpuFlavorOvs? Ovs { get; set; }

    /// <summary>The sysctl.</summary>
    [JsonPropertyName("sysctl")]
    public DpuFlavorSysctl? Sysctl { get; set; }

    /// <summary>The system reserved resources.</summary>
    [Quantities]
    [JsonPropertyName("systemReservedResources")]
    public Dictionary<string, JsonNode>? SystemReservedResources { get; set; }
}

/// <summary>What is known of a DPUFlavor.</summary>
public sealed class DpuFlavorStatus
{
}

/// <summary>The config file of a DPUFlavor.</summary>
public sealed class ConfigFile
{
    /// <summary>Whether the content replaces or extends what is there.</summary>
    [OneOf("override", "append")]
    [JsonPropertyName("operation")]
    public string? Operation { get; set; }

    /// <summary>The path.</summary>
    [JsonPropertyName("path")]
    public string? Path { get; set; }

    /// <summary>The mode, octal.</summary>
    [JsonPropertyName("permissions")]
    public string? Permissions { get; set; }

    /// <summary>The content.</summary>
    [JsonPropertyName("raw")]
    public string? Raw { get; set; }
}

/// <summary>The containerd config of a DPUFlavor.</summary>
public sealed class ContainerdConfig
{
    /// <summary>A mirror of nvcr.io.</summary>
    [JsonPropertyName("registryEndpoint")]
    public string? RegistryEndpoint { get; set; }
}

/// <summary>The grub of a DPUFlavor.</summary>
public sealed class DpuFlavorGrub
{
    /// <summary>Parameters of the kernel.</summary>
    [JsonPropertyName("kernelParameters")]
    public IList<string>? KernelParameters { get; set; }
}

/// <summary>The nvconfig of a DPUFlavor.</summary>
public sealed class Nvconfig
{
    /// <summary>The device.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; set; }

    /// <summary>The host power cycle required.</summary>
    [JsonPropertyName("hostPowerCycleRequired")]
    public bool? HostPowerCycleRequired { get; set; }

    /// <summary>The parameters.</summary>
    [JsonPropertyName("parameters")]
    public IList<string>? Parameters { get; set; }
}

/// <summary>The ovs of a DPUFlavor.</summary>
public sealed class DpuFlavorOvs
{
    /// <summary>A shell script that sets up Open vSwitch.</summary>
    [JsonPropertyName("rawConfigScript")]
    public string? RawConfigScript { get; set; }
}

/// <summary>The sysctl of a DPUFlavor.</summary>
public sealed class DpuFlavorSysctl
{
    /// <summary>The parameters.</summary>
    [JsonPropertyName("parameters")]
    public IList<string>? Parameters { get; set; }
}
