using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.ThirdParty.AdminPolicies;

/// <summary>What a cluster's administrator allows and forbids, before any NetworkPolicy is asked.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1alpha1", Kind = "AdminNetworkPolicy", PluralName = "adminnetworkpolicies")]
[CustomKind(ShortNames = ["anp"], ClusterScoped = true, SpecRequired = true, ApprovedBy = AdminNetworkPolicy.Approval)]
[PrinterColumn("Priority", ".spec.priority", "string")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class AdminNetworkPolicy : CustomObject<AdminNetworkPolicySpec, AdminPolicyStatus>
{
    /// <summary>The group.</summary>
    public const string Group = "policy.networking.k8s.io";

    internal const string Approval = "https://github.com/kubernetes-sigs/network-policy-api/pull/30";
}

/// <summary>What is wanted of an AdminNetworkPolicy.</summary>
public sealed class AdminNetworkPolicySpec
{
    /// <summary>Which policy comes first: the one with the least number.</summary>
    [Mandatory]
    [Bounds(0, 1000)]
    [Format("int32")]
    [JsonPropertyName("priority")]
    public int Priority { get; set; }

    /// <summary>The pods that it is about.</summary>
    [Mandatory]
    [JsonPropertyName("subject")]
    public AdminPolicySubject Subject { get; set; } = new();

    /// <summary>The rules for what comes in, in order.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("ingress")]
    public IList<AdminNetworkPolicyIngressRule>? Ingress { get; set; }

    /// <summary>The rules for what goes out, in order.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("egress")]
    public IList<AdminNetworkPolicyEgressRule>? Egress { get; set; }
}

/// <summary>A rule for what comes in.</summary>
public sealed class AdminNetworkPolicyIngressRule
{
    /// <summary>A name for people.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>What happens: pass leaves it to the NetworkPolicies.</summary>
    [Mandatory]
    [OneOf("Allow", "Deny", "Pass")]
    [JsonPropertyName("action")]
    public string Action { get; set; } = "";

    /// <summary>Whose traffic.</summary>
    [Mandatory]
    [Bounds(1, 100)]
    [JsonPropertyName("from")]
    public IList<AdminPolicyIngressPeer> From { get; set; } = [];

    /// <summary>To which ports; all when left out.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("ports")]
    public IList<AdminPolicyPort>? Ports { get; set; }
}

/// <summary>A rule for what goes out.</summary>
public sealed class AdminNetworkPolicyEgressRule
{
    /// <summary>A name for people.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>What happens: pass leaves it to the NetworkPolicies.</summary>
    [Mandatory]
    [OneOf("Allow", "Deny", "Pass")]
    [JsonPropertyName("action")]
    public string Action { get; set; } = "";

    /// <summary>To whom.</summary>
    [Mandatory]
    [Bounds(1, 100)]
    [JsonPropertyName("to")]
    public IList<AdminNetworkPolicyEgressPeer> To { get; set; } = [];

    /// <summary>To which ports; all when left out.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("ports")]
    public IList<AdminPolicyPort>? Ports { get; set; }
}

/// <summary>To whom: one of the four, or names.</summary>
public sealed class AdminNetworkPolicyEgressPeer : AdminPolicyEgressPeer
{
    /// <summary>The addresses that names have, e.g. <c>kubernetes.io</c>. Only in rules that allow.</summary>
    [Bounds(1, 25)]
    [JsonPropertyName("domainNames")]
    public IList<string>? DomainNames { get; set; }
}
