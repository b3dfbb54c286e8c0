using System.Globalization;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// Egress firewalls: only what they deny becomes rows, since what they allow still has to pass the network policies.
/// </summary>
internal static class EgressFirewallPlan
{
    public static void Add(AclRows acls, IReadOnlyList<ZoneEgressFirewall> firewalls)
    {
        foreach (var firewall in firewalls)
        {
            var id = $"EgressFirewall:{firewall.Namespace}";
            var group = acls.Group(id, firewall.Ports);
            foreach (var (part, (peers, ports)) in firewall.Denied.Parts.Index())
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"{part}");
                foreach (var (block, match) in acls.Peers($"{id}:{key}", ingress: false, new ZonePeers(false, [], peers)).Index())
                {
                    AclRows.Add(
                        group, string.Create(CultureInfo.InvariantCulture, $"{key}:{block}"),
                        new AclRow(false, PolicyPlan.FirewallPriority, AclRows.All(match, ports.Match, AclRows.Side(false, group)), "drop")
                        {
                            Name = $"EF:{firewall.Namespace}:{key}", Logging = firewall.Logging,
                        });
                }
            }
        }
    }
}
