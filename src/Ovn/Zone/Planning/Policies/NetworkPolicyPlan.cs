using System.Globalization;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// Network policies: what selected pods may not do is denied for their namespace and direction as a whole, and each policy
/// allows its part of it.
/// </summary>
internal static class NetworkPolicyPlan
{
    public static void Add(AclRows acls, IReadOnlyList<ZonePolicy> policies)
    {
        foreach (var space in policies.GroupBy(p => p.Namespace, StringComparer.Ordinal))
        {
            Deny(acls, space.Key, ingress: true, [.. space.Where(p => p.Ingress is not null)]);
            Deny(acls, space.Key, ingress: false, [.. space.Where(p => p.Egress is not null)]);
        }

        foreach (var policy in policies)
        {
            var id = $"NetworkPolicy:{policy.Namespace}:{policy.Name}{(policy.Variant.Length > 0 ? ":" + policy.Variant : "")}";
            var group = acls.Group(id, policy.Ports);
            Allow(policy, ingress: true, policy.Ingress ?? []);
            Allow(policy, ingress: false, policy.Egress ?? []);

            void Allow(ZonePolicy of, bool ingress, IReadOnlyList<ZonePolicyRule> rules)
            {
                var direction = Direction(ingress);
                for (var i = 0; i < rules.Count; i++)
                {
                    var key = string.Create(CultureInfo.InvariantCulture, $"{direction}:{i}");
                    if (rules[i].Ports.IsEmpty)
                    {
                        continue;
                    }

                    foreach (var (block, peers) in acls.Peers($"{id}:{key}", ingress, rules[i].Peers).Index())
                    {
                        AclRows.Add(
                            group, string.Create(CultureInfo.InvariantCulture, $"{key}:{block}"),
                            new AclRow(
                                ingress, PolicyPlan.AllowPriority, AclRows.All(peers, rules[i].Ports.Match, AclRows.Side(ingress, group)),
                                "allow-related")
                            {
                                Name = $"NP:{of.Namespace}:{of.Name}:{key}", Logging = of.Logging,
                            });
                    }
                }
            }
        }
    }

    private static void Deny(AclRows acls, string ns, bool ingress, IReadOnlyList<ZonePolicy> policies)
    {
        var ports = policies.SelectMany(p => p.Ports).Distinct(StringComparer.Ordinal).ToList();
        if (ports.Count == 0)
        {
            return;
        }

        var group = acls.Group($"NetpolNamespace:{ns}:{Direction(ingress)}", ports);
        var side = AclRows.Side(ingress, group);
        AclRows.Add(group, "defaultDeny", new AclRow(ingress, PolicyPlan.DenyPriority, side, "drop")
        {
            Name = $"NP:{ns}:{Direction(ingress)}", Logging = policies[0].Logging,
        });
        AclRows.Add(group, "arpAllow", new AclRow(ingress, PolicyPlan.AllowPriority, $"{side} && (arp || nd)", "allow"));
    }

    private static string Direction(bool ingress) => ingress ? "Ingress" : "Egress";
}
