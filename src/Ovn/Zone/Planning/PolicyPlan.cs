using System.Globalization;
using System.Text;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>
/// Network policies: what selected pods may not do is denied for their namespace and direction as a whole, and each policy
/// allows its part of it.
/// </summary>
internal static class PolicyPlan
{
    public static void Add(RowSet rows, ZoneFacts facts, RowHandle nodeSwitch)
    {
        if (facts.Local is { } local)
        {
            // The kubelet's probes come from the host and pass any policy; so does a pod's answer to itself through a service.
            Acl(nodeSwitch, "node", "to-lport", 1001, $"ip4.src=={local.Management}", "allow-related");
            var hairpin = $"ip4.src == {facts.Network.ServiceHairpin}";
            Acl(nodeSwitch, "hairpin-ingress", "to-lport", 1001, hairpin, "allow-related");
            Acl(nodeSwitch, "hairpin-egress", "from-lport", 1001, hairpin, "allow-related");
        }

        foreach (var space in facts.Policies.GroupBy(p => p.Namespace, StringComparer.Ordinal))
        {
            Deny(rows, nodeSwitch, space.Key, "Ingress", space.Where(p => p.Ingress is not null));
            Deny(rows, nodeSwitch, space.Key, "Egress", space.Where(p => p.Egress is not null));
        }

        foreach (var policy in facts.Policies.Where(p => p.Ports.Count > 0))
        {
            var id = $"NetworkPolicy:{policy.Namespace}:{policy.Name}";
            var group = Group(rows, nodeSwitch, id, policy.Ports);
            Allow(rows, group, id, "Ingress", policy.Ingress ?? []);
            Allow(rows, group, id, "Egress", policy.Egress ?? []);
        }
    }

    private static void Deny(RowSet rows, RowHandle nodeSwitch, string ns, string direction, IEnumerable<ZonePolicy> policies)
    {
        var ports = policies.SelectMany(p => p.Ports).Distinct(StringComparer.Ordinal).ToList();
        if (ports.Count == 0)
        {
            return;
        }

        var id = $"NetpolNamespace:{ns}:{direction}";
        var group = Group(rows, nodeSwitch, id, ports);
        var (lport, side) = Side(direction, Hash(id));
        Acl(group, "defaultDeny", side, 1000, lport, "drop");
        Acl(group, "arpAllow", side, 1001, $"{lport} && (arp || nd)", "allow");
    }

    private static void Allow(RowSet rows, RowHandle group, string id, string direction, IReadOnlyList<ZonePolicyRule> rules)
    {
        var (lport, side) = Side(direction, Hash(id));
        var field = direction == "Ingress" ? "ip4.src" : "ip4.dst";
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            var peers = new List<string>();
            if (rule.Anyone)
            {
                peers.Add("ip4");
            }

            if (rule.Peers.Count > 0)
            {
                var setId = string.Create(CultureInfo.InvariantCulture, $"{id}:{direction}:{i}");
                rows.Add(setId, new AddressSet
                {
                    Name = Hash(setId),
                    Addresses = [.. rule.Peers.Distinct().Order().Select(p => p.ToString())],
                });
                peers.Add($"{field} == ${Hash(setId)}");
            }

            foreach (var (network, except) in rule.Blocks)
            {
                // Without host bits: OVN refuses a match that has any.
                var match = $"{field} == {network.Network}";
                peers.Add(except.Count == 0 ? match : $"{match} && {field} != {{{string.Join(", ", except.Select(e => e.Network))}}}");
            }

            for (var peer = 0; peer < peers.Count; peer++)
            {
                IReadOnlyList<string> ports = rule.Ports.Count == 0 ? [""] : rule.Ports;
                for (var port = 0; port < ports.Count; port++)
                {
                    var l4 = ports[port].Length == 0 ? "" : $" && {ports[port]}";
                    Acl(
                        group, string.Create(CultureInfo.InvariantCulture, $"{direction}:{i}:{peer}:{port}"), side, 1001,
                        $"{peers[peer]}{l4} && {lport}", "allow-related");
                }
            }
        }
    }

    private static RowHandle Group(RowSet rows, RowHandle nodeSwitch, string id, IEnumerable<string> ports) =>
        rows.Add(id, new PortGroup { Name = Hash(id), ExternalIds = Map(("k8s.ovn.org/id", id)) })
            .Include("ports", [.. ports.Select(p => (RowReference)new RowKey(LogicalSwitchPort.TableName, $"{nodeSwitch.Key.Key}/{p}"))]);

    private static (string Match, string Direction) Side(string direction, string group) => direction == "Ingress"
        ? ($"outport == @{group}", "to-lport")
        : ($"inport == @{group}", "from-lport");

    private static void Acl(RowHandle parent, string key, string direction, int priority, string match, string action) =>
        parent.Add("acls", key, new Acl
        {
            Direction = direction,
            Priority = priority,
            Match = match,
            Action = action,
            Options = direction == "from-lport" ? Map(("apply-after-lb", "true")) : Map(),
        });

    /// <summary>Names in matches allow few characters: <c>a</c> and the decimal FNV-1a of the identifier.</summary>
    private static string Hash(string id)
    {
        var hash = 14695981039346656037UL;
        foreach (var octet in Encoding.UTF8.GetBytes(id))
        {
            hash = unchecked((hash ^ octet) * 1099511628211UL);
        }

        return "a" + hash.ToString(CultureInfo.InvariantCulture);
    }
}
