using System.Globalization;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// What of a policy has no effect, by field path, such as <c>spec.egress[0].to.dnsName: …</c>: what the schema lets pass and a zone cannot
/// carry out. Pure; empty when all of it has.
/// </summary>
internal static class PolicyFaults
{
    public static IReadOnlyList<string> Of(EgressFirewall firewall) =>
        [.. firewall.Spec.Egress.Select((rule, i) => Fault(rule.To) is { } fault ? $"{At("egress", i)}.to{fault}" : null).OfType<string>()];

    public static IReadOnlyList<string> Of(AdminNetworkPolicy policy) =>
    [
        .. (policy.Spec.Ingress ?? []).SelectMany((rule, i) => Faults(At("ingress", i), rule.From)),
        .. (policy.Spec.Egress ?? []).SelectMany((rule, i) => Faults(At("egress", i), rule.To, rule.Action)),
    ];

    public static IReadOnlyList<string> Of(BaselineAdminNetworkPolicy policy) =>
    [
        .. (policy.Spec.Ingress ?? []).SelectMany((rule, i) => Faults(At("ingress", i), rule.From)),
        .. (policy.Spec.Egress ?? []).SelectMany((rule, i) => Faults(At("egress", i), rule.To, "")),
    ];

    private static string? Fault(EgressFirewallDestination to) =>
        to.CidrSelector is { } cidr
            ? Cidr.TryParse(cidr, out _) || IpAddress.TryParse(cidr, out _) ? null : $".cidrSelector: {cidr} is neither a network nor an address"
        : to.DnsName is { } name ? (PolicyNames.CanBeAsked(name) ? null : $".dnsName: {CannotBeAsked(name)}")
        : to.NodeSelector is null ? ": one of cidrSelector, dnsName, nodeSelector is needed"
        : null;

    private static IEnumerable<string> Faults(string rule, IEnumerable<AdminPolicyIngressPeer> peers) => peers
        .Select((peer, i) => peer.Namespaces is null && peer.Pods is null ? $"{At(rule, "from", i)}: one of namespaces, pods is needed" : null)
        .OfType<string>();

    private static IEnumerable<string> Faults(string rule, IEnumerable<AdminPolicyEgressPeer> peers, string action) => peers.SelectMany((peer, i) =>
    {
        var at = At(rule, "to", i);
        return peer switch
        {
            { Namespaces: not null } or { Pods: not null } or { Nodes: not null } => [],
            { Networks: { } networks } => networks.Where(n => !Cidr.TryParse(n, out _)).Select(n => $"{at}.networks: {n} is not a network"),
            AdminNetworkPolicyEgressPeer { DomainNames: not null } when action != nameof(AdminAction.Allow) =>
                [$"{at}.domainNames: only a rule with action Allow can have names"],
            AdminNetworkPolicyEgressPeer { DomainNames: { } names } => names.Where(n => !PolicyNames.CanBeAsked(n)).Select(n => $"{at}.domainNames: {CannotBeAsked(n)}"),
            AdminNetworkPolicyEgressPeer => [$"{at}: one of namespaces, pods, nodes, networks, domainNames is needed"],
            _ => (string[])[$"{at}: one of namespaces, pods, nodes, networks is needed"],
        };
    });

    private static string CannotBeAsked(string name) => $"no name server can be asked for {name}; write whole names, without *";

    private static string At(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"spec.{list}[{index}]");

    private static string At(string rule, string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{rule}.{list}[{index}]");
}
