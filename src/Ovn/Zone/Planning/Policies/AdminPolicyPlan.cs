using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Rows;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// The administrators' policies. The first rule that matches decides, and one that passes the packet on takes it out of all later
/// ones: what those say is reduced by it.
/// </summary>
internal static class AdminPolicyPlan
{
    public static void Add(AclRows acls, ZonePolicies policies)
    {
        foreach (var admin in policies.Admin)
        {
            var id = $"AdminNetworkPolicy:{admin.Class}";
            var group = acls.Group(id, admin.Ports);
            foreach (var ingress in (bool[])[true, false])
            {
                Add(acls, policies, group, id, PolicyPlan.AdminPriority, [.. admin.Rules.Where(r => r.IsIngress == ingress)]);
                Add(acls, policies, group, id + ":Baseline", PolicyPlan.BaselinePriority, [.. admin.Baseline.Where(r => r.IsIngress == ingress)]);
            }
        }
    }

    private static void Add(
        AclRows acls, ZonePolicies policies, RowHandle group, string id, int priority, IReadOnlyList<ZoneAdminRule> rules)
    {
        var passed = Traffic.None;
        foreach (var rule in rules)
        {
            var traffic = Traffic.Of(rule.Peers.Resolve(policies.PeerSets), rule.Ports);
            if (rule.Action == AdminAction.Pass)
            {
                passed = passed.Union(traffic);
                continue;
            }

            // As long as nothing has been passed on, the sets that pods come to and go from stay shared.
            IEnumerable<(ZonePeers Peers, PortSet Ports)> parts = passed.Parts.Count == 0
                ? [(rule.Peers, rule.Ports)]
                : traffic.Except(passed).Parts.Select(p => (new ZonePeers(p.Peers.IsAll, [], p.Peers.IsAll ? IpSet.None : p.Peers), p.Ports));
            var direction = rule.IsIngress ? "Ingress" : "Egress";
            foreach (var (part, (peers, ports)) in parts.Index())
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"{direction}:{priority}:{part}");
                foreach (var (block, match) in acls.Peers($"{id}:{key}", rule.IsIngress, peers).Index())
                {
                    AclRows.Add(
                        group, string.Create(CultureInfo.InvariantCulture, $"{key}:{block}"),
                        new AclRow(
                            rule.IsIngress, priority, AclRows.All(match, ports.Match, AclRows.Side(rule.IsIngress, group)),
                            rule.Action == AdminAction.Allow ? "allow-related" : "drop")
                        {
                            Name = string.Create(CultureInfo.InvariantCulture, $"ANP:{rule.Policy}:{direction}:{rule.Index}"),
                            Logging = rule.Logging,
                        });
                }
            }

            priority--;
        }
    }
}
