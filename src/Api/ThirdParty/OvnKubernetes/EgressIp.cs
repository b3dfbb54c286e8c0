using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.ThirdParty.OvnKubernetes;

/// <summary>The source address that pods have outside of the cluster, wherever they run.</summary>
[KubernetesEntity(Group = EgressFirewall.Group, ApiVersion = "v1", Kind = "EgressIP", PluralName = "egressips")]
[CustomKind(ShortNames = ["eip"], ClusterScoped = true, SpecRequired = true)]
[PrinterColumn("EgressIPs", ".spec.egressIPs[*]", "string")]
[PrinterColumn("Assigned Node", ".status.items[*].node", "string")]
[PrinterColumn("Assigned EgressIPs", ".status.items[*].egressIP", "string")]
public sealed class EgressIp : CustomObject<EgressIpSpec, EgressIpStatus>
{
}

/// <summary>What is wanted of an EgressIP.</summary>
public sealed class EgressIpSpec
{
    /// <summary>The addresses; each is at one node at a time, and pods are spread over them.</summary>
    [Mandatory]
    [JsonPropertyName("egressIPs")]
    public IList<string> EgressIps { get; set; } = [];

    /// <summary>The namespaces whose pods have them.</summary>
    [Mandatory]
    [JsonPropertyName("namespaceSelector")]
    public V1LabelSelector NamespaceSelector { get; set; } = new();

    /// <summary>The pods in them; all when left out.</summary>
    [JsonPropertyName("podSelector")]
    public V1LabelSelector? PodSelector { get; set; }
}

/// <summary>Where the addresses are.</summary>
public sealed class EgressIpStatus
{
    /// <summary>Each address that has a node.</summary>
    [Mandatory]
    [JsonPropertyName("items")]
    public IList<EgressIpAssignment> Items { get; set; } = [];
}

/// <summary>An address with its node.</summary>
public sealed class EgressIpAssignment
{
    /// <summary>The address.</summary>
    [Mandatory]
    [JsonPropertyName("egressIP")]
    public string EgressIp { get; set; } = "";

    /// <summary>The node.</summary>
    [Mandatory]
    [JsonPropertyName("node")]
    public string Node { get; set; } = "";
}
