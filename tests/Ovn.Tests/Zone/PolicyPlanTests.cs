using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Northbound;

namespace Dpf.Ovn.Tests.Zone;

public sealed class PolicyPlanTests
{
    private static readonly ZonePolicyRule Nothing = new(false, [], [], []);

    [Fact]
    public void ProbesOfTheHostAndAPodsOwnAnswersPassAnyPolicy()
    {
        var acls = Plan().All<Acl>().Values.Select(Text).Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "from-lport 1001 ip4.src == 169.254.0.5 allow-related after-lb",
                "to-lport 1001 ip4.src == 169.254.0.5 allow-related",
                "to-lport 1001 ip4.src==10.233.64.2 allow-related",
            ],
            acls);
    }

    [Fact]
    public void WhoIsSelectedIsDeniedWhatNoRuleAllows()
    {
        var rows = Plan(new ZonePolicy("default", "p", ["default_a"], [], null));

        var deny = Group(rows, "NetpolNamespace:default:Ingress");
        Assert.Equal(["worker1/default_a"], rows.References<PortGroup>("NetpolNamespace:default:Ingress", "ports"));
        Assert.Equal(
            [$"to-lport 1000 outport == @{deny} drop", $"to-lport 1001 outport == @{deny} && (arp || nd) allow"],
            Acls(rows, "NetpolNamespace:default:Ingress"));
        Assert.Empty(Acls(rows, "NetworkPolicy:default:p"));
        Assert.DoesNotContain("NetpolNamespace:default:Egress", rows.All<PortGroup>().Keys);
    }

    [Fact]
    public void RulesOfBothDirectionsAllowPeersBlocksAndPorts()
    {
        var ingress = Nothing with { Peers = [Ipv4.Parse("10.233.65.9"), Ipv4.Parse("10.233.64.4")], Ports = ["tcp && tcp.dst==80"] };
        var egress = Nothing with { Blocks = [(Cidr.Parse("192.0.2.0/24"), [Cidr.Parse("192.0.2.8/29")])] };
        var rows = Plan(new ZonePolicy("default", "p", ["default_a"], [ingress], [egress, Nothing with { Anyone = true, Ports = ["udp"] }]));

        var group = Group(rows, "NetworkPolicy:default:p");
        var (key, set) = Assert.Single(rows.All<AddressSet>());
        Assert.Equal("NetworkPolicy:default:p:Ingress:0", key);
        Assert.Equal(["10.233.64.4", "10.233.65.9"], set.Addresses);
        Assert.Equal(
            [
                $"from-lport 1001 ip4 && udp && inport == @{group} allow-related after-lb",
                $"from-lport 1001 ip4.dst == 192.0.2.0/24 && ip4.dst != {{192.0.2.8/29}} && inport == @{group} allow-related after-lb",
                $"to-lport 1001 ip4.src == ${set.Name} && tcp && tcp.dst==80 && outport == @{group} allow-related",
            ],
            Acls(rows, "NetworkPolicy:default:p"));
    }

    [Fact]
    public void ARuleWhosePeersAreNobodyAllowsNothing() =>
        Assert.Empty(Acls(Plan(new ZonePolicy("default", "p", ["default_a"], [Nothing], null)), "NetworkPolicy:default:p"));

    /// <summary>OVN refuses a match with bits outside the mask, and with it the whole rule.</summary>
    [Fact]
    public void ABlockWithHostBitsIsItsNetwork()
    {
        var rule = Nothing with { Blocks = [(Cidr.Parse("192.0.2.7/24"), [Cidr.Parse("192.0.2.9/29")])] };
        Assert.Contains(
            "ip4.src == 192.0.2.0/24 && ip4.src != {192.0.2.8/29}",
            Assert.Single(Acls(Plan(new ZonePolicy("default", "p", ["default_a"], [rule], null)), "NetworkPolicy:default:p")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void PoliciesThatSelectNoPodOfTheZoneLeaveNoTrace() =>
        Assert.Empty(Plan(new ZonePolicy("default", "p", [], [Nothing], [Nothing])).All<PortGroup>());

    [Fact]
    public void NamesAreWhatMatchesAllow() => Assert.All(
        Plan(new ZonePolicy("default", "p.with-dots", ["default_a"], [], [])).All<PortGroup>().Values,
        g => Assert.Matches("^a[0-9]+$", g.Name));

    private static Ovsdb.Rows.RowSet Plan(params ZonePolicy[] policies) => NorthboundPlan.Of(Sample.Facts with { Policies = policies });

    private static string Group(Ovsdb.Rows.RowSet rows, string id) => rows.All<PortGroup>()[id].Name;

    private static IReadOnlyList<string> Acls(Ovsdb.Rows.RowSet rows, string group) =>
        [.. rows.All<Acl>().Where(a => a.Key.StartsWith(group + "/", StringComparison.Ordinal)).Select(a => Text(a.Value)).Order(StringComparer.Ordinal)];

    private static string Text(Acl acl) =>
        $"{acl.Direction} {acl.Priority} {acl.Match} {acl.Action}{(acl.Options.ContainsKey("apply-after-lb") ? " after-lb" : "")}";
}
