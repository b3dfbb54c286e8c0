using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// Hands out node subnets of one family: ranges in order, each from a cursor on that wraps, so that a freed subnet is not reused at once.
/// </summary>
public sealed class SubnetAllocator(IReadOnlyList<SubnetRange> ranges)
{
    private readonly Dictionary<string, Cidr> _held = new(StringComparer.Ordinal);
    private readonly HashSet<Cidr> _taken = [];
    private readonly UInt128[] _next = new UInt128[ranges.Count];

    /// <summary>The nodes that have a subnet.</summary>
    public IReadOnlyCollection<string> Owners => [.. _held.Keys];

    /// <summary>Marks a subnet that a node has; false when it is not one of ours, another's, or not the node's one.</summary>
    public bool TryReserve(string owner, Cidr subnet)
    {
        if (_held.TryGetValue(owner, out var held))
        {
            return held == subnet;
        }

        var isOurs = subnet.Network == subnet &&
            ranges.Any(range => range.HostLength == subnet.Length && range.Network.Contains(subnet.Address));
        if (!isOurs || !_taken.Add(subnet))
        {
            return false;
        }

        _held[owner] = subnet;
        return true;
    }

    /// <summary>The subnet of a node: the one it has, else the next free one; null when all are taken.</summary>
    public Cidr? Allocate(string owner)
    {
        if (_held.TryGetValue(owner, out var held))
        {
            return held;
        }

        for (var i = 0; i < ranges.Count; i++)
        {
            var range = ranges[i];
            var count = UInt128.One << (range.HostLength - range.Network.Length);
            for (var tries = UInt128.Zero; tries < count; tries++)
            {
                var index = (_next[i] + tries) % count;
                var subnet = new Cidr(range.Network.At(index << (range.Network.Family.Bits - range.HostLength)), range.HostLength);
                if (!LooksLikeItsRange(range, index) && TryReserve(owner, subnet))
                {
                    _next[i] = (index + 1) % count;
                    return subnet;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a subnet's own bits end in a zero group where there are many others: such ones are passed over.</summary>
    private static bool LooksLikeItsRange(SubnetRange range, UInt128 index) =>
        range.Network.Family == IpFamily.V6 && range.HostLength - range.Network.Length >= 16 && (index & ushort.MaxValue) == 0;

    /// <summary>Gives back what a node had.</summary>
    public void Release(string owner)
    {
        if (_held.Remove(owner, out var subnet))
        {
            _taken.Remove(subnet);
        }
    }
}
