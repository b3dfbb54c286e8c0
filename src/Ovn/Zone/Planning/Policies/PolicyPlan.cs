using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// What a zone's pods may receive and send. This OVN has one list of rules for each direction, so their order is in the priorities:
/// administrators first, then egress firewalls, then network policies with their denial of the rest, then the baseline.
/// </summary>
internal static class PolicyPlan
{
    /// <summary>The first of the administrators' rules; the others count down.</summary>
    public const int AdminPriority = 30000;

    /// <summary>What egress firewalls deny.</summary>
    public const int FirewallPriority = 10000;

    /// <summary>What network policies allow.</summary>
    public const int AllowPriority = 1001;

    /// <summary>What network policies deny: everything else.</summary>
    public const int DenyPriority = 1000;

    /// <summary>The first of the baseline's rules; the others count down.</summary>
    public const int BaselinePriority = 999;

    public static void Add(RowSet rows, ZoneFacts facts, ZoneNode local, RowHandle nodeSwitch)
    {
        var acls = new AclRows(rows, nodeSwitch, facts);

        // The kubelet's probes come from the host and pass any policy; so does a pod's answer to itself through a service.
        foreach (var address in local.Management)
        {
            AclRows.Add(
                nodeSwitch, address.Family == IpFamily.V4 ? "node" : "node-v6",
                new AclRow(true, AllowPriority, $"{address.Family.Match}.src=={address}", "allow-related"));
        }

        var hairpin = AclRows.Any(facts.Network.Families.Select(f => $"{f.Family.Match}.src == {f.ServiceHairpin}"));
        AclRows.Add(nodeSwitch, "hairpin-ingress", new AclRow(true, AllowPriority, hairpin, "allow-related"));
        AclRows.Add(nodeSwitch, "hairpin-egress", new AclRow(false, AllowPriority, hairpin, "allow-related"));

        NetworkPolicyPlan.Add(acls, facts.Policies.Network);
        AdminPolicyPlan.Add(acls, facts.Policies);
        EgressFirewallPlan.Add(acls, facts.Policies.Firewalls);
        NameSets.Add(acls, facts.Policies.Names);
    }
}
