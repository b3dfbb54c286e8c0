using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.ThirdParty.OvnKubernetes;

/// <summary>What the pods of a namespace may reach outside of the cluster; a namespace has at most one, named <c>default</c>.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1", Kind = "EgressFirewall", PluralName = "egressfirewalls")]
[CustomKind(SpecRequired = true)]
[PrinterColumn("EgressFirewall Status", ".status.status", "string")]
public sealed class EgressFirewall : CustomObject<EgressFirewallSpec, EgressFirewallStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "k8s.ovn.org";

    /// <summary>The name of the one that counts in a namespace.</summary>
    public const string OnlyName = "default";
}

/// <summary>What is wanted of an EgressFirewall.</summary>
public sealed class EgressFirewallSpec
{
    /// <summary>The rules: the first that matches decides; without one it may pass.</summary>
    [Mandatory]
    [JsonPropertyName("egress")]
    public IList<EgressFirewallRule> Egress { get; set; } = [];
}

/// <summary>A rule of an EgressFirewall.</summary>
public sealed class EgressFirewallRule
{
    /// <summary>What happens.</summary>
    [Mandatory]
    [OneOf("Allow", "Deny")]
    [JsonPropertyName("type")]
    public string Type { get; set; } = "";

    /// <summary>To which ports; all when left out.</summary>
    [JsonPropertyName("ports")]
    public IList<EgressFirewallPort>? Ports { get; set; }

    /// <summary>To whom.</summary>
    [Mandatory]
    [JsonPropertyName("to")]
    public EgressFirewallDestination To { get; set; } = new();
}

/// <summary>A port of a rule.</summary>
public sealed class EgressFirewallPort
{
    /// <summary>The protocol.</summary>
    [Mandatory]
    [Pattern("^(TCP|UDP|SCTP)$")]
    [JsonPropertyName("protocol")]
    public string Protocol { get; set; } = "";

    /// <summary>The number.</summary>
    [Mandatory]
    [Bounds(1, 65535)]
    [Format("int32")]
    [JsonPropertyName("port")]
    public int Port { get; set; }
}

/// <summary>To whom: one of the three.</summary>
public sealed class EgressFirewallDestination
{
    /// <summary>A network.</summary>
    [JsonPropertyName("cidrSelector")]
    public string? CidrSelector { get; set; }

    /// <summary>The addresses that a name has.</summary>
    [Pattern("^(\\*\\.)?([A-Za-z0-9-]+\\.)*[A-Za-z0-9-]+\\.?$")]
    [JsonPropertyName("dnsName")]
    public string? DnsName { get; set; }

    /// <summary>The addresses of the nodes with these labels.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1LabelSelector? NodeSelector { get; set; }
}

/// <summary>What is known of an EgressFirewall.</summary>
public sealed class EgressFirewallStatus
{
    /// <summary>In a word.</summary>
    [JsonPropertyName("status")]
    public string? Status { get; set; }

    /// <summary>What each zone says, e.g. <c>worker1: EgressFirewall Rules applied</c>.</summary>
    [ListSet]
    [JsonPropertyName("messages")]
    public IList<string>? Messages { get; set; }
}
