using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Zone.Planning.Policies;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Policies;

/// <summary>What a zone says it cannot carry out, and which names it asks for.</summary>
public sealed class PolicyFaultsTests
{
    [Fact]
    public void OfAFirewallEveryRuleWithoutEffectIsNamed() => Assert.Equal(
        [
            "spec.egress[1].to.cidrSelector: 10.0.0.0/33 is neither a network nor an address",
            "spec.egress[3].to.dnsName: no name server can be asked for *.example.com; write whole names, without *",
            "spec.egress[5].to: one of cidrSelector, dnsName, nodeSelector is needed",
        ],
        PolicyFaults.Of(Firewall(
            new() { CidrSelector = "10.0.0.0/8" }, new() { CidrSelector = "10.0.0.0/33" }, new() { DnsName = "example.com." },
            new() { DnsName = "*.example.com" }, new() { NodeSelector = new V1LabelSelector() }, new())));

    [Fact]
    public void OfAnAdministratorsPolicyEveryPeerWithoutEffectIsNamed()
    {
        var policy = Policy("Allow", new() { Networks = ["10.0.0.0/8", "ten"] }, new() { DomainNames = ["example.com", "*.example.com"] }, new());
        policy.Spec.Ingress = [new AdminNetworkPolicyIngressRule { Action = "Deny", From = [new(), new() { Namespaces = new V1LabelSelector() }] }];

        Assert.Equal(
            [
                "spec.ingress[0].from[0]: one of namespaces, pods is needed",
                "spec.egress[0].to[0].networks: ten is not a network",
                "spec.egress[0].to[1].domainNames: no name server can be asked for *.example.com; write whole names, without *",
                "spec.egress[0].to[2]: one of namespaces, pods, nodes, networks, domainNames is needed",
            ],
            PolicyFaults.Of(policy));
        Assert.Equal(
            ["spec.egress[0].to[0].domainNames: only a rule with action Allow can have names"],
            PolicyFaults.Of(Policy("Deny", new AdminNetworkPolicyEgressPeer { DomainNames = ["example.com"] })));
    }

    [Fact]
    public void WholeNamesAreAskedForOnceHoweverTheyAreWritten() => Assert.Equal(
        ["a.example", "b.example"],
        PolicyNames.Of(
            [Firewall(new() { DnsName = "A.example." }, new() { DnsName = "*.example" }, new() { DnsName = new string('x', 64) + ".example" })],
            [Policy("Allow", new AdminNetworkPolicyEgressPeer { DomainNames = ["a.example", "b.example", "..", "ü.example"] })])
            .Order(StringComparer.Ordinal));

    private static EgressFirewall Firewall(params EgressFirewallDestination[] to) => new()
    {
        Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = "ns" },
        Spec = new EgressFirewallSpec { Egress = [.. to.Select(t => new EgressFirewallRule { Type = "Deny", To = t })] },
    };

    private static AdminNetworkPolicy Policy(string action, params AdminNetworkPolicyEgressPeer[] to) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p" },
        Spec = new AdminNetworkPolicySpec { Egress = [new AdminNetworkPolicyEgressRule { Action = action, To = to }] },
    };
}
