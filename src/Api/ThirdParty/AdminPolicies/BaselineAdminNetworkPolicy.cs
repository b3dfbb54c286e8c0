using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.ThirdParty.AdminPolicies;

/// <summary>What holds for pods that no NetworkPolicy selects; a cluster has at most one, named <c>default</c>.</summary>
[KubernetesEntity(
    Group = AdminNetworkPolicy.Group, ApiVersion = "v1alpha1", Kind = "BaselineAdminNetworkPolicy", PluralName = "baselineadminnetworkpolicies")]
[CustomKind(ShortNames = ["banp"], ClusterScoped = true, SpecRequired = true, ApprovedBy = AdminNetworkPolicy.Approval)]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed class BaselineAdminNetworkPolicy : CustomObject<BaselineAdminNetworkPolicySpec, AdminPolicyStatus>
{
    /// <summary>The name of the one that counts.</summary>
    public const string OnlyName = "default";
}

/// <summary>What is wanted of a BaselineAdminNetworkPolicy.</summary>
public sealed class BaselineAdminNetworkPolicySpec
{
    /// <summary>The pods that it is about.</summary>
    [Mandatory]
    [JsonPropertyName("subject")]
    public AdminPolicySubject Subject { get; set; } = new();

    /// <summary>The rules for what comes in, in order.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("ingress")]
    public IList<BaselineAdminNetworkPolicyIngressRule>? Ingress { get; set; }

    /// <summary>The rules for what goes out, in order.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("egress")]
    public IList<BaselineAdminNetworkPolicyEgressRule>? Egress { get; set; }
}

/// <summary>A rule for what comes in.</summary>
public sealed class BaselineAdminNetworkPolicyIngressRule
{
    /// <summary>A name for people.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>What happens.</summary>
    [Mandatory]
    [OneOf("Allow", "Deny")]
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
public sealed class BaselineAdminNetworkPolicyEgressRule
{
    /// <summary>A name for people.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>What happens.</summary>
    [Mandatory]
    [OneOf("Allow", "Deny")]
    [JsonPropertyName("action")]
    public string Action { get; set; } = "";

    /// <summary>To whom.</summary>
    [Mandatory]
    [Bounds(1, 100)]
    [JsonPropertyName("to")]
    public IList<AdminPolicyEgressPeer> To { get; set; } = [];

    /// <summary>To which ports; all when left out.</summary>
    [Bounds(max: 100)]
    [JsonPropertyName("ports")]
    public IList<AdminPolicyPort>? Ports { get; set; }
}
