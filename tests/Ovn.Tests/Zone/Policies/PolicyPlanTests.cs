using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Tests.Zone.Truth;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Policies;

/// <summary>The rows of policies; what they mean together is judged by the truth tables.</summary>
public sealed class PolicyPlanTests
{
    [Fact]
    public void ProbesOfTheHostAndAPodsOwnAnswersPassAnyPolicy() => Assert.Equal(
        [
            "from-lport 1001 ip4.src == 169.254.0.5 allow-related after-lb",
            "to-lport 1001 ip4.src == 169.254.0.5 allow-related",
            "to-lport 1001 ip4.src==10.233.64.2 allow-related",
        ],
        Plan(World.Objects).All<Acl>().Values.Select(Text).Order(StringComparer.Ordinal));

    [Fact]
    public void WhoIsSelectedIsDeniedWhatNoRuleAllows()
    {
        var rows = Plan(World.Objects with { Policies = [Policy("x", "p", new V1NetworkPolicySpec { PodSelector = World.Is("pod", "a"), Ingress = [] })] });

        var deny = Group(rows, "NetpolNamespace:x:Ingress");
        Assert.Equal(["worker1/x_a"], rows.References<PortGroup>("NetpolNamespace:x:Ingress", "ports"));
        Assert.Equal(
            [$"to-lport 1000 outport == @{deny} drop", $"to-lport 1001 outport == @{deny} && (arp || nd) allow"],
            Acls(rows, "NetpolNamespace:x:Ingress"));
        Assert.Empty(Acls(rows, "NetworkPolicy:x:p"));
        Assert.DoesNotContain("NetpolNamespace:x:Egress", rows.All<PortGroup>().Keys);
    }

    [Fact]
    public void PeersWithOneSelectorShareOneSet()
    {
        var peers = new V1NetworkPolicyIngressRule { FromProperty = [new V1NetworkPolicyPeer { NamespaceSelector = World.Is("ns", "y") }] };
        var spec = new V1NetworkPolicySpec { PodSelector = World.Is("pod", "a"), Ingress = [peers] };
        var rows = Plan(World.Objects with { Policies = [Policy("x", "p", spec), Policy("x", "q", spec), Policy("z", "p", spec)] });

        var (_, set) = Assert.Single(rows.All<AddressSet>());
        Assert.Equal(["10.233.64.13", "10.233.64.14", "10.233.65.11"], set.Addresses);
        Assert.All(
            (string[])["x:p", "x:q", "z:p"],
            p => Assert.Equal(
                $"to-lport 1001 ip4.src == ${set.Name} && outport == @{Group(rows, "NetworkPolicy:" + p)} allow-related",
                Assert.Single(Acls(rows, "NetworkPolicy:" + p))));
    }

    [Fact]
    public void PoliciesThatSelectNoPodOfTheZoneLeaveNoTrace() => Assert.Empty(Plan(World.Objects with
    {
        Policies = [Policy("x", "p", new V1NetworkPolicySpec { PodSelector = World.Is("pod", "c"), Ingress = [new V1NetworkPolicyIngressRule()] })],
    }).All<PortGroup>());

    [Fact]
    public void NamesAreWhatMatchesAllow() => Assert.All(
        Plan(World.Objects with
        {
            Policies = [Policy("x", "p.with-dots", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [] })],
        }).All<PortGroup>().Values,
        g => Assert.Matches("^a[0-9]+$", g.Name));

    /// <summary>ovn-kubernetes opens every port of the protocol, since it reads the number only.</summary>
    [Fact]
    public void Facts_9_28_ANamedPortOpensItsOwnPortAlone()
    {
        var rule = new V1NetworkPolicyIngressRule { Ports = [new V1NetworkPolicyPort { Port = "web" }] };
        var rows = Plan(World.Objects with
        {
            Policies = [Policy("x", "p", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [rule] })],
        });

        var policies = rows.All<PortGroup>().Where(g => g.Key.StartsWith("NetworkPolicy:x:p", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, policies.Count);
        Assert.Equal(
            ["worker1/x_a: tcp && tcp.dst==81", "worker1/x_b: tcp && tcp.dst==80"],
            policies.Select(g =>
                $"{Assert.Single(rows.References<PortGroup>(g.Key, "ports"))}: {Assert.Single(Acls(rows, g.Key)).Split(" && ", 2)[1].Split(" && outport")[0]}")
                .Order(StringComparer.Ordinal));
    }

    /// <summary>A pod that claims another's address in its annotation would get what that one is allowed.</summary>
    [Fact]
    public void APeersAddressCountsOnlyInItsNodesSubnet()
    {
        var thief = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                NamespaceProperty = "y",
                Name = "thief",
                Uid = "thief",
                Labels = new Dictionary<string, string> { ["pod"] = "thief" },
                Annotations = new Dictionary<string, string> { [PodNetwork.Annotation] = Sample.Pod("z", "10.233.64.99/24").Network.Write() },
            },
            Spec = new V1PodSpec { NodeName = "worker2" },
        };
        var peers = new V1NetworkPolicyIngressRule { FromProperty = [new V1NetworkPolicyPeer { NamespaceSelector = World.Is("ns", "y") }] };
        var rows = Plan(World.Objects with
        {
            Pods = [.. World.Pods, thief],
            Policies = [Policy("x", "p", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [peers] })],
        });
        Assert.DoesNotContain("10.233.64.99", Assert.Single(rows.All<AddressSet>()).Value.Addresses);
    }

    [Fact]
    public void TheNamespaceOfTheHostsMeansTheirAddressesInTheOverlay()
    {
        var peers = new V1NetworkPolicyIngressRule { FromProperty = [new V1NetworkPolicyPeer { NamespaceSelector = World.Is("ns", "hosts") }] };
        var hosts = new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "ovn-host-network", Labels = new Dictionary<string, string> { ["ns"] = "hosts" } },
        };
        var rows = Plan(World.Objects with
        {
            Namespaces = [.. World.Namespaces, hosts],
            Policies = [Policy("x", "p", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [peers] })],
        });
        Assert.Equal(
            ["10.233.64.2", "10.233.65.2", "100.64.0.2", "100.64.0.3"], Assert.Single(rows.All<AddressSet>()).Value.Addresses);
    }

    /// <summary>The form without a pod selector means the hosts too, the form with an empty one does not, whichever is read first.</summary>
    [Theory]
    [InlineData("a", "b")]
    [InlineData("b", "a")]
    public void OnlyWhoNamesNoPodsMeansTheHosts(string withHosts, string withoutHosts)
    {
        var hosts = new V1Namespace { Metadata = new V1ObjectMeta { Name = "ovn-host-network" } };
        V1NetworkPolicy From(string name, V1LabelSelector? pods) => Policy("x", name, new V1NetworkPolicySpec
        {
            PodSelector = new V1LabelSelector(),
            Ingress = [new() { FromProperty = [new V1NetworkPolicyPeer { NamespaceSelector = new V1LabelSelector(), PodSelector = pods }] }],
        });
        var rows = Plan(World.Objects with
        {
            Namespaces = [.. World.Namespaces, hosts],
            Policies = [From(withHosts, null), From(withoutHosts, new V1LabelSelector())],
        });

        Assert.Contains("100.64.0.2", Addresses(withHosts));
        Assert.DoesNotContain("100.64.0.2", Addresses(withoutHosts));
        Assert.NotEmpty(Addresses(withoutHosts));

        IEnumerable<string> Addresses(string policy)
        {
            var rule = Assert.Single(Acls(rows, "NetworkPolicy:x:" + policy));
            return rows.All<AddressSet>().Values.Single(s => rule.Contains($"${s.Name} ", StringComparison.Ordinal)).Addresses;
        }
    }

    [Fact]
    public void ANamespaceIsToldWhatItAskedToRead()
    {
        var space = new V1Namespace
        {
            Metadata = new V1ObjectMeta
            {
                Name = "x",
                Labels = new Dictionary<string, string> { ["ns"] = "x" },
                Annotations = new Dictionary<string, string> { [AclLogging.Annotation] = """{"deny":"alert","allow":"loudly"}""" },
            },
        };
        var rows = Plan(World.Objects with
        {
            Namespaces = [space, .. World.Namespaces[1..]],
            Policies =
            [
                Policy("x", "p", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [new V1NetworkPolicyIngressRule()] }),
                Policy("y", "p", new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [] }),
            ],
        });

        var logged = Assert.Single(rows.All<Acl>(), a => a.Value.Log).Value;
        Assert.Equal(("NP:x:Ingress", "alert", "acl-logging", "drop"), (logged.Name, logged.Severity, logged.Meter, logged.Action));
        Assert.Equal(20, Assert.Single(rows.All<MeterBand>()).Value.Rate);
    }

    [Fact]
    public void AFirewallLeavesWhatItAllowsToThePolicies()
    {
        var rows = Plan(World.Objects with
        {
            EgressFirewalls =
            [
                Firewall("x", Rule("Allow", "192.0.2.0/24", 443), Rule("Deny", "192.0.2.0/23", null), Rule("Allow", "0.0.0.0/0", null)),
                Firewall("y"),
            ],
        });

        var group = Group(rows, "EgressFirewall:x");
        Assert.Equal(["worker1/x_a", "worker1/x_b"], rows.References<PortGroup>("EgressFirewall:x", "ports"));
        var acls = Acls(rows, "EgressFirewall:x");
        Assert.Equal(2, acls.Count);
        Assert.Contains($"from-lport 10000 ip4.dst == 192.0.3.0/24 && inport == @{group} drop after-lb", acls);
        Assert.Contains(acls, a => a.Contains("ip4.dst == 192.0.2.0/24", StringComparison.Ordinal) && a.Contains("444<=tcp.dst<=65535", StringComparison.Ordinal));
        Assert.DoesNotContain("EgressFirewall:y", rows.All<PortGroup>().Keys);
    }

    [Fact]
    public void AnAdministratorAllowsTheAddressesThatNamesHave()
    {
        var rows = Plan(World.Objects with
        {
            AdminPolicies = [Names("Allow"), Names("Deny")],
            Names = new Dictionary<string, IReadOnlyList<IpAddress>> { ["site.example"] = [IpAddress.Parse("192.0.2.7"), IpAddress.Parse("192.0.2.8")] },
        });

        var (_, acl) = Assert.Single(rows.All<Acl>(), a => a.Value.Match.Contains("192.0.2.", StringComparison.Ordinal));
        Assert.Equal("allow-related", acl.Action);
        Assert.Contains("ip4.dst == {192.0.2.7, 192.0.2.8}", acl.Match, StringComparison.Ordinal);

        static AdminNetworkPolicy Names(string action) => new()
        {
            Metadata = new V1ObjectMeta { Name = action },
            Spec = new AdminNetworkPolicySpec
            {
                Subject = new AdminPolicySubject { Namespaces = new V1LabelSelector() },
                Egress = [new AdminNetworkPolicyEgressRule { Action = action, To = [new AdminNetworkPolicyEgressPeer { DomainNames = ["Site.example."] }] }],
            },
        };
    }

    /// <summary>Else who denies all namespaces denies the kubelets' probes.</summary>
    [Fact]
    public void NamespacesOfAnAdministratorAreTheirPodsWithoutTheHosts()
    {
        var policy = new AdminNetworkPolicy
        {
            Metadata = new V1ObjectMeta { Name = "deny" },
            Spec = new AdminNetworkPolicySpec
            {
                Subject = new AdminPolicySubject { Namespaces = new V1LabelSelector() },
                Ingress =
                [
                    new AdminNetworkPolicyIngressRule { Action = "Deny", From = [new AdminPolicyIngressPeer { Namespaces = new V1LabelSelector() }] },
                ],
            },
        };
        var rows = Plan(World.Objects with
        {
            Namespaces = [.. World.Namespaces, new V1Namespace { Metadata = new V1ObjectMeta { Name = "ovn-host-network" } }],
            AdminPolicies = [policy],
        });

        Assert.Equal(
            World.Pods.Select(p => World.Address(p).ToString()).Order(StringComparer.Ordinal),
            Assert.Single(rows.All<AddressSet>()).Value.Addresses);
    }

    private static EgressFirewall Firewall(string ns, params EgressFirewallRule[] rules) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = ns, Name = "default" }, Spec = new EgressFirewallSpec { Egress = rules },
    };

    private static EgressFirewallRule Rule(string type, string network, int? port) => new()
    {
        Type = type,
        To = new EgressFirewallDestination { CidrSelector = network },
        Ports = port is { } number ? [new EgressFirewallPort { Protocol = "TCP", Port = number }] : null,
    };

    private static V1NetworkPolicy Policy(string ns, string name, V1NetworkPolicySpec spec) =>
        new() { Metadata = new V1ObjectMeta { NamespaceProperty = ns, Name = name }, Spec = spec };

    private static RowSet Plan(ClusterObjects cluster) => NorthboundPlan.Of(ClusterFacts.Read("worker1", Sample.Network, cluster));

    private static string Group(RowSet rows, string id) => rows.All<PortGroup>()[id].Name;

    private static IReadOnlyList<string> Acls(RowSet rows, string group) =>
        [.. rows.All<Acl>().Where(a => a.Key.StartsWith(group + "/", StringComparison.Ordinal)).Select(a => Text(a.Value)).Order(StringComparer.Ordinal)];

    private static string Text(Acl acl) =>
        $"{acl.Direction} {acl.Priority} {acl.Match} {acl.Action}{(acl.Options.ContainsKey("apply-after-lb") ? " after-lb" : "")}";
}
