using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Services;

/// <summary>One port of a node's switch.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "ServiceInterface", PluralName = "serviceinterfaces")]
[CustomKind(SpecRequired = true, ShortNames = ["svcif"], Categories = ["dpf"])]
[PrinterColumn("IfType", ".spec.interfaceType", "string")]
[PrinterColumn("IfName", ".spec..interfaceName", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[PrinterColumn("Node", ".spec.node", "string", Priority = 1)]
[PrinterColumn("Report", ".metadata.annotations.svc\\.dpu\\.nvidia\\.com/report", "string", Priority = 1)]
public sealed class ServiceInterface : CustomObject<ServiceInterfaceSpec, ServiceInterfaceStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "svc.dpu.nvidia.com";
}

/// <summary>What is wanted of a ServiceInterface.</summary>
[CelRule("(self.interfaceType == 'vlan' && has(self.vlan)) || (self.interfaceType == 'pf' && has(self.pf)) || (self.interfaceType == 'vf' && has(self.vf)) || (self.interfaceType == 'physical' && has(self.physical)) || (self.interfaceType == 'service' && has(self.service)) || (self.interfaceType == 'ovn')", "`for interfaceType=vlan, vlan must be set; for interfaceType=pf, pf must be set; for interfaceType=vf, vf must be set; for interfaceType=physical, physical must be set; for interfaceType=service, service must be set`")]
public sealed class ServiceInterfaceSpec
{
    /// <summary><c>vlan</c>, <c>physical</c>, <c>pf</c>, <c>vf</c>, <c>ovn</c> or <c>service</c>.</summary>
    [Mandatory]
    [OneOf("vlan", "physical", "pf", "vf", "ovn", "service")]
    [JsonPropertyName("interfaceType")]
    public string InterfaceType { get; set; } = "";

    /// <summary>The node.</summary>
    [JsonPropertyName("node")]
    public string? Node { get; set; }

    /// <summary>The pf.</summary>
    [JsonPropertyName("pf")]
    public ServiceInterfacePf? Pf { get; set; }

    /// <summary>The physical.</summary>
    [JsonPropertyName("physical")]
    public ServiceInterfacePhysical? Physical { get; set; }

    /// <summary>The service.</summary>
    [JsonPropertyName("service")]
    public ServiceInterfaceService? Service { get; set; }

    /// <summary>The vf.</summary>
    [JsonPropertyName("vf")]
    public ServiceInterfaceVf? Vf { get; set; }

    /// <summary>The vlan.</summary>
    [JsonPropertyName("vlan")]
    public ServiceInterfaceVlan? Vlan { get; set; }
}

/// <summary>What is known of a ServiceInterface.</summary>
public sealed class ServiceInterfaceStatus
{
}

/// <summary>The pf of a ServiceInterface.</summary>
public sealed class ServiceInterfacePf
{
    /// <summary>The pf ID.</summary>
    [Mandatory]
    [JsonPropertyName("pfID")]
    public int PfId { get; set; }
}

/// <summary>The physical of a ServiceInterface.</summary>
public sealed class ServiceInterfacePhysical
{
    /// <summary>The interface's name.</summary>
    [Mandatory]
    [JsonPropertyName("interfaceName")]
    public string InterfaceName { get; set; } = "";
}

/// <summary>The service of a ServiceInterface.</summary>
public sealed class ServiceInterfaceService
{
    /// <summary>The interface's name.</summary>
    [Mandatory]
    [JsonPropertyName("interfaceName")]
    public string InterfaceName { get; set; } = "";

    /// <summary>The network.</summary>
    [Mandatory]
    [JsonPropertyName("network")]
    public string Network { get; set; } = "";

    /// <summary>The service that the interface belongs to.</summary>
    [Mandatory]
    [JsonPropertyName("serviceID")]
    public string ServiceId { get; set; } = "";
}

/// <summary>The vf of a ServiceInterface.</summary>
public sealed class ServiceInterfaceVf
{
    /// <summary>The parent interface ref.</summary>
    [Mandatory]
    [JsonPropertyName("parentInterfaceRef")]
    public string ParentInterfaceRef { get; set; } = "";

    /// <summary>The pf ID.</summary>
    [Mandatory]
    [JsonPropertyName("pfID")]
    public int PfId { get; set; }

    /// <summary>The vf ID.</summary>
    [Mandatory]
    [JsonPropertyName("vfID")]
    public int VfId { get; set; }
}

/// <summary>The vlan of a ServiceInterface.</summary>
public sealed class ServiceInterfaceVlan
{
    /// <summary>The parent interface ref.</summary>
    [Mandatory]
    [JsonPropertyName("parentInterfaceRef")]
    public string ParentInterfaceRef { get; set; } = "";

    /// <summary>The vlan ID.</summary>
    [Mandatory]
    [JsonPropertyName("vlanID")]
    public int VlanId { get; set; }
}
