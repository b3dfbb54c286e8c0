using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// Hands out node subnets: ranges in order, each from a cursor on that wraps, so that a freed subnet is not reused at once.
/// </summary>
public sealed class SubnetAllocator(IReadOnlyList<SubnetRange> ranges)
{
    private readonly Dictionary<Cidr, string> _owners = [];
    private readonly uint[] _next = new uint[ranges.Count];

    /// <summary>Marks a subnet that a node has; false when it is not one of ours, or another's.</summary>
    public bool TryReserve(string owner, Cidr subnet)
    {
        var ours = subnet.Network == subnet &&
            ranges.Any(range => range.HostLength == subnet.Length && range.Network.Contains(subnet.Address));
        return ours && (_owners.TryAdd(subnet, owner) || _owners[subnet] == owner);
    }

    /// <summary>The subnet of a node: the one it has, else the next free one; null when all are taken.</summary>
    public Cidr? Allocate(string owner)
    {
        foreach (var (subnet, holder) in _owners)
        {
            if (holder == owner)
            {
                return subnet;
            }
        }

        for (var i = 0; i < ranges.Count; i++)
        {
            var range = ranges[i];
            var count = 1u << (range.HostLength - range.Network.Length);
            for (var tries = 0u; tries < count; tries++)
            {
                var index = (_next[i] + tries) % count;
                var subnet = new Cidr(range.Network.At(index << (32 - range.HostLength)), range.HostLength);
                if (_owners.TryAdd(subnet, owner))
                {
                    _next[i] = (index + 1) % count;
                    return subnet;
                }
            }
        }

        return null;
    }

    /// <summary>Gives back what a node had.</summary>
    public void Release(string owner)
    {
        foreach (var subnet in _owners.Where(o => o.Value == owner).Select(o => o.Key).ToList())
        {
            _owners.Remove(subnet);
        }
    }

    /// <summary>The nodes that have a subnet.</summary>
    public IReadOnlyCollection<string> Owners => [.. _owners.Values.Distinct(StringComparer.Ordinal)];
}
