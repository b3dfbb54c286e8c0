using Dpf.Runtime.Addressing;
namespace Dpf.Ovn.Addressing;

/// <summary>A set of addresses; a value.</summary>
/// <param name="Four">The IPv4 addresses as numbers.</param>
/// <param name="Six">The IPv6 addresses as numbers.</param>
public sealed record IpSet(Intervals<UInt128> Four, Intervals<UInt128> Six)
{
    /// <summary>No address.</summary>
    public static IpSet None { get; } = new(Intervals<UInt128>.None, Intervals<UInt128>.None);

    /// <summary>Every address.</summary>
    public static IpSet All { get; } = new(Whole(IpFamily.V4), Whole(IpFamily.V6));

    /// <summary>Whether there is no address in it.</summary>
    public bool IsEmpty => Four.IsEmpty && Six.IsEmpty;

    /// <summary>Whether every address is in it.</summary>
    public bool IsAll => this == All;

    /// <summary>The least networks that make up the set, ascending; single addresses among them.</summary>
    public IEnumerable<Cidr> Networks => NetworksOf(IpFamily.V4).Concat(NetworksOf(IpFamily.V6));

    /// <summary>These addresses.</summary>
    public static IpSet Of(params IEnumerable<IpAddress> addresses) => Of(addresses.Select(a => a.Alone));

    /// <summary>The addresses of networks.</summary>
    public static IpSet Of(params IEnumerable<Cidr> networks)
    {
        var list = networks.ToList();
        return new IpSet(Numbers(IpFamily.V4), Numbers(IpFamily.V6));

        Intervals<UInt128> Numbers(IpFamily family) => Intervals<UInt128>.Of(
            list.Where(n => n.Family == family).Select(n => (n.Network.Address.Value, n.Last.Value)));
    }

    /// <summary>Whether every address of a family is in it.</summary>
    public bool HasAll(IpFamily family) => Numbers(family).Equals(Whole(family));

    /// <summary>The networks of a family as OVN's matches and address sets write them: single addresses without a length.</summary>
    public IEnumerable<string> Texts(IpFamily family) => NetworksOf(family).Select(n => n.Shortest);

    /// <summary>Whether an address is in it.</summary>
    public bool Contains(IpAddress address) => Numbers(address.Family).Contains(address.Value);

    /// <summary>What is in either.</summary>
    public IpSet Union(IpSet other) => new(Four.Union(other.Four), Six.Union(other.Six));

    /// <summary>What is in both.</summary>
    public IpSet Intersect(IpSet other) => new(Four.Intersect(other.Four), Six.Intersect(other.Six));

    /// <summary>What is in this and not in the other.</summary>
    public IpSet Except(IpSet other) => new(Four.Except(other.Four), Six.Except(other.Six));

    /// <inheritdoc />
    public override string ToString() => string.Join(", ", Texts(IpFamily.V4).Concat(Texts(IpFamily.V6)));

    private static Intervals<UInt128> Whole(IpFamily family) => Intervals<UInt128>.Of((UInt128.Zero, family.Last));

    private Intervals<UInt128> Numbers(IpFamily family) => family == IpFamily.V4 ? Four : Six;

    private IEnumerable<Cidr> NetworksOf(IpFamily family)
    {
        foreach (var (first, last) in Numbers(family).Ranges)
        {
            for (var next = first; ;)
            {
                // As short a prefix as the network's beginning is aligned to and its end allows.
                var network = new IpAddress(family, next).Alone;
                while (network.Length > 0 && network with { Length = network.Length - 1 } is var wider &&
                    wider.Network == wider && wider.Last.Value <= last)
                {
                    network = wider;
                }

                yield return network;
                if (network.Last.Value == last)
                {
                    break;
                }

                next = network.Last.Value + 1;
            }
        }
    }
}
