using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>The names in policies whose addresses have to be known.</summary>
public static class PolicyNames
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>All names that can be asked for.</summary>
    public static IReadOnlySet<string> Of(IEnumerable<EgressFirewall> firewalls, IEnumerable<AdminNetworkPolicy> policies) => firewalls
        .SelectMany(f => f.Spec.Egress).Select(r => r.To.DnsName).OfType<string>()
        .Concat(policies.SelectMany(p => p.Spec.Egress ?? []).SelectMany(r => r.To.SelectMany(t => Of(t, r.Action))))
        .Where(CanBeAsked).Select(Normal).ToHashSet(StringComparer.Ordinal);

    /// <summary>The names that an administrator's rule means: only what is allowed can be told by names, since not all are ever known.</summary>
    public static IEnumerable<string> Of(AdminPolicyEgressPeer peer, string action) =>
        action == nameof(AdminAction.Allow) ? (peer as AdminNetworkPolicyEgressPeer)?.DomainNames ?? [] : [];

    /// <summary>A name as it is asked for.</summary>
    public static string Normal(string name) => name.TrimEnd('.').ToLowerInvariant();

    /// <summary>Whether a name server can be asked: not for all that <c>*</c> may stand for, and not beyond what RFC 1035, 2.3.4 allows.</summary>
    public static bool CanBeAsked(string name) =>
        Normal(name) is { Length: > 0 and <= LongestName } plain && plain.All(c => c is '-' or '_' or '.' || char.IsAsciiLetterOrDigit(c)) &&
        plain.Split('.').All(label => label.Length is > 0 and <= LongestLabel);
}
