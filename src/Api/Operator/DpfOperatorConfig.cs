using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Operator;

/// <summary>The configuration of the whole system: which components run, with what images and charts.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "DPFOperatorConfig", PluralName = "dpfoperatorconfigs")]
[CustomKind(ShortNames = ["dpfc"], Categories = ["dpf"])]
[PrinterColumn("Ready", ".status.conditions[?(@.type=='Ready')].status", "string")]
[PrinterColumn("Phase", ".status.conditions[?(@.type=='Ready')].reason", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Paused", ".spec.overrides.paused", "boolean", Priority = 1)]
[PrinterColumn("Message", ".status.conditions[?(@.type=='Ready')].message", Priority = 1)]
public sealed class DpfOperatorConfig : CustomObject<DpfOperatorConfigSpec, DpfOperatorConfigStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "operator.dpu.nvidia.com";
}

/// <summary>What is wanted of a DPFOperatorConfig.</summary>
public sealed class DpfOperatorConfigSpec
{
    /// <summary>The dpu detector.</summary>
    [JsonPropertyName("dpuDetector")]
    public DpuDetector? DpuDetector { get; set; }

    /// <summary>The dpu service controller.</summary>
    [JsonPropertyName("dpuServiceController")]
    public DpuServiceController? DpuServiceController { get; set; }

    /// <summary>The flannel.</summary>
    [JsonPropertyName("flannel")]
    public DpfOperatorConfigFlannel? Flannel { get; set; }

    /// <summary>Names of pull secrets in the same namespace.</summary>
    [JsonPropertyName("imagePullSecrets")]
    public IList<string>? ImagePullSecrets { get; set; }

    /// <summary>The kamaji cluster manager.</summary>
    [JsonPropertyName("kamajiClusterManager")]
    public DpuServiceController? KamajiClusterManager { get; set; }

    /// <summary>The multus.</summary>
    [JsonPropertyName("multus")]
    public DpfOperatorConfigMultus? Multus { get; set; }

    /// <summary>Sizes of packets.</summary>
    [DefaultJson("{\"controlPlaneMTU\": 1500}")]
    [JsonPropertyName("networking")]
    public DpfOperatorConfigNetworking? Networking { get; set; }

    /// <summary>The nvipam.</summary>
    [JsonPropertyName("nvipam")]
    public DpfOperatorConfigMultus? Nvipam { get; set; }

    /// <summary>Emergency switches.</summary>
    [JsonPropertyName("overrides")]
    public DpfOperatorConfigOverrides? Overrides { get; set; }

    /// <summary>The ovs CNI.</summary>
    [JsonPropertyName("ovsCNI")]
    public DpfOperatorConfigMultus? OvsCni { get; set; }

    /// <summary>The ovs helper.</summary>
    [JsonPropertyName("ovsHelper")]
    public DpfOperatorConfigMultus? OvsHelper { get; set; }

    /// <summary>The provisioning controller.</summary>
    [Mandatory]
    [JsonPropertyName("provisioningController")]
    public ProvisioningController ProvisioningController { get; set; } = new();

    /// <summary>The service set controller.</summary>
    [JsonPropertyName("serviceSetController")]
    public DpfOperatorConfigMultus? ServiceSetController { get; set; }

    /// <summary>The sfc controller.</summary>
    [JsonPropertyName("sfcController")]
    public DpfOperatorConfigMultus? SfcController { get; set; }

    /// <summary>The sriov device plugin.</summary>
    [JsonPropertyName("sriovDevicePlugin")]
    public DpfOperatorConfigMultus? SriovDevicePlugin { get; set; }

    /// <summary>The static cluster manager.</summary>
    [JsonPropertyName("staticClusterManager")]
    public DpuServiceController? StaticClusterManager { get; set; }
}

/// <summary>What is known of a DPFOperatorConfig.</summary>
public sealed class DpfOperatorConfigStatus : IConditioned
{
    /// <summary>The conditions.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }
}

/// <summary>The collectors of a DPFOperatorConfig.</summary>
public sealed class DpfOperatorConfigCollectors
{
    /// <summary>The ps ID.</summary>
    [JsonPropertyName("psID")]
    public bool? PsId { get; set; }
}

/// <summary>The dpu detector of a DPFOperatorConfig.</summary>
public sealed class DpuDetector
{
    /// <summary>The collectors.</summary>
    [JsonPropertyName("collectors")]
    public DpfOperatorConfigCollectors? Collectors { get; set; }

    /// <summary>Whether the component is left out.</summary>
    [JsonPropertyName("disable")]
    public bool? Disable { get; set; }

    /// <summary>The container image; the release's when left out.</summary>
    [Pattern(@"^((?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}))?$")]
    [JsonPropertyName("image")]
    public string? Image { get; set; }
}

/// <summary>The dpu service controller of a DPFOperatorConfig.</summary>
public sealed class DpuServiceController
{
    /// <summary>Whether the component is left out.</summary>
    [JsonPropertyName("disable")]
    public bool? Disable { get; set; }

    /// <summary>The container image; the release's when left out.</summary>
    [Pattern(@"^((?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}))?$")]
    [JsonPropertyName("image")]
    public string? Image { get; set; }
}

/// <summary>The flannel of a DPFOperatorConfig.</summary>
public sealed class DpfOperatorConfigFlannel
{
    /// <summary>Whether the component is left out.</summary>
    [JsonPropertyName("disable")]
    public bool? Disable { get; set; }

    /// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
    [Pattern(@"^(oci://|https://).+$")]
    [JsonPropertyName("helmChart")]
    public string? HelmChart { get; set; }
}

/// <summary>The multus of a DPFOperatorConfig.</summary>
public sealed class DpfOperatorConfigMultus
{
    /// <summary>Whether the component is left out.</summary>
    [JsonPropertyName("disable")]
    public bool? Disable { get; set; }

    /// <summary>The chart, <c>repository/chart:version</c>; the release's when left out.</summary>
    [Pattern(@"^(oci://|https://).+$")]
    [JsonPropertyName("helmChart")]
    public string? HelmChart { get; set; }

    /// <summary>The container image; the release's when left out.</summary>
    [Pattern(@"^((?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}))?$")]
    [JsonPropertyName("image")]
    public string? Image { get; set; }
}

/// <summary>Sizes of packets.</summary>
public sealed class DpfOperatorConfigNetworking
{
    /// <summary>The MTU of the DPU cluster's own pod network, bytes.</summary>
    [DefaultJson("1500")]
    [Bounds(0, 9216)]
    [JsonPropertyName("controlPlaneMTU")]
    public int? ControlPlaneMtu { get; set; }

    /// <summary>The MTU of the high-speed network, bytes.</summary>
    [DefaultJson("1500")]
    [Bounds(0, 9216)]
    [JsonPropertyName("highSpeedMTU")]
    public int? HighSpeedMtu { get; set; }
}

/// <summary>Emergency switches.</summary>
public sealed class DpfOperatorConfigOverrides
{
    /// <summary>Whether nothing is done at present.</summary>
    [JsonPropertyName("paused")]
    public bool? Paused { get; set; }
}

/// <summary>The provisioning controller of a DPFOperatorConfig.</summary>
public sealed class ProvisioningController
{
    /// <summary>The PersistentVolumeClaim for boot images.</summary>
    [Mandatory]
    [Bounds(1, long.MaxValue)]
    [JsonPropertyName("bfbPVCName")]
    public string BfbPvcName { get; set; } = "";

    /// <summary>Whether the component is left out.</summary>
    [JsonPropertyName("disable")]
    public bool? Disable { get; set; }

    /// <summary>How long flashing may take, seconds; 0 for as long as it takes.</summary>
    [Bounds(0, long.MaxValue)]
    [JsonPropertyName("dmsTimeout")]
    public int? DmsTimeout { get; set; }

    /// <summary>The container image; the release's when left out.</summary>
    [Pattern(@"^((?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}))?$")]
    [JsonPropertyName("image")]
    public string? Image { get; set; }
}
