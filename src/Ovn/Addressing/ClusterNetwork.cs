using Dpf.Runtime.Addressing;
namespace Dpf.Ovn.Addressing;

/// <summary>The networks of a cluster, the same in all its zones.</summary>
/// <param name="Families">The networks of each address family that pods have, IPv4 first.</param>
public sealed record ClusterNetwork(IReadOnlyList<FamilyNetwork> Families)
{
    /// <summary>The pods' MTU.</summary>
    public int Mtu { get; init; } = 1400;

    /// <summary>Where pods get their addresses.</summary>
    public IEnumerable<SubnetRange> Pods => Families.SelectMany(f => f.Pods);

    /// <summary>Where services get theirs.</summary>
    public IEnumerable<Cidr> Services => Families.SelectMany(f => f.Services);

    /// <summary>Whether pods have an address of each family.</summary>
    public bool IsDual => Families.Count > 1;

    /// <summary>Reads the pods' ranges, <c>CIDR/plen[/hostlen][,…]</c>, and the services', <c>CIDR/plen[,…]</c>.</summary>
    /// <exception cref="FormatException">They make no sense, or not together.</exception>
    public static ClusterNetwork Parse(string pods, string services)
    {
        var ranges = SubnetRange.ParseList(pods);
        var given = services.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Cidr.Parse).ToList();
        var families = ranges.Select(r => r.Network.Family).Distinct().Order()
            .Select(f => new FamilyNetwork(f, [.. ranges.Where(r => r.Network.Family == f)], [.. given.Where(s => s.Family == f)]))
            .ToList();
        if (families[0].Family != IpFamily.V4)
        {
            throw new FormatException($"pod network '{pods}': an IPv4 range is missing; IPv6 alone is not supported");
        }

        return given.FirstOrDefault(s => families.TrueForAll(f => f.Family != s.Family)) is { Length: > 0 } lonely
            ? throw new FormatException($"service network '{lonely}': the pod network '{pods}' has no range of that family")
            : new ClusterNetwork(families);
    }

    /// <summary>The networks of a family; null when pods have no address of it.</summary>
    public FamilyNetwork? Of(IpFamily family) => Families.FirstOrDefault(f => f.Family == family);

    /// <summary>Whether an address is of a family that pods have.</summary>
    public bool Knows(IpAddress address) => Of(address.Family) is not null;

    /// <summary>Those of a device's addresses that are the host's own: of families that pods have, and not for masquerading.</summary>
    public IEnumerable<Cidr> HostAddresses(IEnumerable<Cidr> addresses) =>
        addresses.Where(a => Of(a.Family) is { } family && !family.Masquerade.Contains(a.Address));

    /// <summary>The gateway router's addresses on the join network, one of each family.</summary>
    public IReadOnlyList<Cidr> JoinAddresses(int nodeId) => [.. Families.Select(f => f.JoinAddress(nodeId))];

    /// <summary>The zone's addresses on the transit network, one of each family.</summary>
    public IReadOnlyList<Cidr> TransitAddresses(int nodeId) => [.. Families.Select(f => f.TransitAddress(nodeId))];
}
