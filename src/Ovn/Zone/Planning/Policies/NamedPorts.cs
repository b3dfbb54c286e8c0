using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Names of ports at the far end, where every pod gives them a number of its own.</summary>
internal static class NamedPorts
{
    /// <summary>A rule as rules with numbers alone. A name that no peer has allows nothing.</summary>
    public static IEnumerable<ZonePolicyRule> Split(
        PolicyPods pods, ZonePeers peers, PortSet numbered, IReadOnlyList<(string Name, string? Protocol)> names)
    {
        if (!numbered.IsEmpty)
        {
            yield return new ZonePolicyRule(peers, numbered);
        }

        if (names.Count == 0)
        {
            yield break;
        }

        var meant = peers.Resolve(pods.Sets);
        var alike = pods.All
            .SelectMany(p => p.Addresses.Where(meant.Contains)
                .Select(a => (Address: a, Ports: PortSet.Union(names.Select(n => p.Named(n.Name, n.Protocol))))))
            .Where(p => !p.Ports.IsEmpty)
            .GroupBy(p => p.Ports.Match, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var group in alike)
        {
            yield return new ZonePolicyRule(
                new ZonePeers(false, [], IpSet.Of(group.Select(p => p.Address))), group.First().Ports);
        }
    }
}
