namespace Dpf.Ovn.Addressing;

/// <summary>A set of IPv4 addresses; a value.</summary>
/// <param name="Ranges">The addresses as numbers.</param>
public sealed record Ipv4Set(Intervals<uint> Ranges)
{
    /// <summary>No address.</summary>
    public static Ipv4Set None { get; } = new(Intervals<uint>.None);

    /// <summary>Every address.</summary>
    public static Ipv4Set All { get; } = new(Intervals<uint>.All);

    /// <summary>Whether there is no address in it.</summary>
    public bool IsEmpty => Ranges.IsEmpty;

    /// <summary>Whether every address is in it.</summary>
    public bool IsAll => Ranges.IsAll;

    /// <summary>The least networks that make up the set, ascending; single addresses among them.</summary>
    public IEnumerable<Cidr> Networks
    {
        get
        {
            foreach (var (first, last) in Ranges.Ranges)
            {
                for (ulong next = first; next <= last;)
                {
                    var length = 32;
                    while (length > 0 && (next & ((1UL << (33 - length)) - 1)) == 0 && next + (1UL << (33 - length)) - 1 <= last)
                    {
                        length--;
                    }

                    yield return new Cidr(new Ipv4((uint)next), length);
                    next += 1UL << (32 - length);
                }
            }
        }
    }

    /// <summary>The networks as OVN's matches and address sets write them: single addresses without a length.</summary>
    public IEnumerable<string> Texts => Networks.Select(n => n.Length == 32 ? n.Address.ToString() : n.ToString());

    /// <summary>These addresses.</summary>
    public static Ipv4Set Of(params IEnumerable<Ipv4> addresses) =>
        new(Intervals<uint>.Of(addresses.Select(a => (a.Value, a.Value))));

    /// <summary>The addresses of networks.</summary>
    public static Ipv4Set Of(params IEnumerable<Cidr> networks) =>
        new(Intervals<uint>.Of(networks.Select(n => (n.Network.Address.Value, n.At((uint)(n.Size - 1)).Value))));

    /// <summary>Whether an address is in it.</summary>
    public bool Contains(Ipv4 address) => Ranges.Contains(address.Value);

    /// <summary>What is in either.</summary>
    public Ipv4Set Union(Ipv4Set other) => new(Ranges.Union(other.Ranges));

    /// <summary>What is in both.</summary>
    public Ipv4Set Intersect(Ipv4Set other) => new(Ranges.Intersect(other.Ranges));

    /// <summary>What is in this and not in the other.</summary>
    public Ipv4Set Except(Ipv4Set other) => new(Ranges.Except(other.Ranges));

    /// <inheritdoc />
    public override string ToString() => string.Join(", ", Texts);
}
