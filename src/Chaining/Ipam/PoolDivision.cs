namespace Dpf.Chaining.Ipam;

/// <summary>Divides pools among nodes: pure. What a node has it keeps for as long as it fits the pool.</summary>
public static class PoolDivision
{
    /// <summary>Blocks of addresses of a subnet.</summary>
    public static IReadOnlyList<PoolAllocation> Blocks(IpPoolSpec pool, IEnumerable<PoolAllocation>? present, IEnumerable<string> nodes)
    {
        var subnet = AddressRange.Network(pool.Subnet);
        var size = (uint)pool.PerNodeBlockSize;
        return Divide(
            nodes, present ?? [],
            a => a is { StartIp: { } s, EndIp: { } e } ? new AddressRange(AddressRange.Number(s), AddressRange.Number(e)) : null,
            r => subnet.Contains(r) && r.Last - r.First + 1 == size,
            Candidates(),
            (node, r) => new PoolAllocation
            {
                NodeName = node, StartIp = AddressRange.Text(r.First), EndIp = AddressRange.Text(r.Last),
            });

        // The network's and the broadcast address are nobody's.
        IEnumerable<AddressRange> Candidates()
        {
            for (var first = (ulong)subnet.First + 1; size > 0 && first + size - 1 < subnet.Last; first += size)
            {
                yield return new AddressRange((uint)first, (uint)(first + size - 1));
            }
        }
    }

    /// <summary>Networks of a network.</summary>
    public static IReadOnlyList<PoolAllocation> Networks(CidrPoolSpec pool, IEnumerable<PoolAllocation>? present, IEnumerable<string> nodes)
    {
        var whole = AddressRange.Network(pool.Cidr);
        var size = 1UL << (32 - pool.PerNodeNetworkPrefix);
        var names = nodes.ToList();
        var given = (pool.StaticAllocations ?? []).Where(s => s.Prefix is not null).ToList();
        var reserved = given.Select(s => AddressRange.Network(s.Prefix!)).ToList();
        var fixedOnes = given.Where(s => s.NodeName is not null && names.Contains(s.NodeName)).ToList();
        var rest = Divide(
            names.Except(fixedOnes.Select(f => f.NodeName!), StringComparer.Ordinal), present ?? [],
            a => a.Prefix is { } p ? AddressRange.Network(p) : null,
            r => whole.Contains(r) && (ulong)r.Last - r.First + 1 == size && !reserved.Any(r.Overlaps),
            Candidates().Where(r => !reserved.Any(r.Overlaps)),
            (node, r) => new PoolAllocation
            {
                NodeName = node,
                Prefix = $"{AddressRange.Text(r.First)}/{pool.PerNodeNetworkPrefix}",
                Gateway = Gateway(r),
            });
        return
        [
            .. fixedOnes.Select(f => new PoolAllocation
            {
                NodeName = f.NodeName, Prefix = f.Prefix, Gateway = f.Gateway ?? Gateway(AddressRange.Network(f.Prefix!)),
            }),
            .. rest,
        ];

        string? Gateway(AddressRange network) => pool.GatewayIndex is { } index ? AddressRange.Text(network.First + (uint)index) : null;

        IEnumerable<AddressRange> Candidates()
        {
            for (var first = (ulong)whole.First; first + size - 1 <= whole.Last; first += size)
            {
                yield return new AddressRange((uint)first, (uint)(first + size - 1));
            }
        }
    }

    private static List<PoolAllocation> Divide(
        IEnumerable<string> nodes, IEnumerable<PoolAllocation> present, Func<PoolAllocation, AddressRange?> range,
        Func<AddressRange, bool> fits, IEnumerable<AddressRange> candidates, Func<string, AddressRange, PoolAllocation> make)
    {
        var wanted = nodes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var names = wanted.ToHashSet(StringComparer.Ordinal);
        var kept = new Dictionary<string, AddressRange>(StringComparer.Ordinal);
        var taken = new TakenRanges();
        foreach (var allocation in present)
        {
            if (allocation.NodeName is { } node && names.Contains(node) && !kept.ContainsKey(node) && range(allocation) is { } r && fits(r) && taken.Add(r))
            {
                kept[node] = r;
            }
        }

        using var free = candidates.GetEnumerator();
        var result = new List<PoolAllocation>();
        foreach (var node in wanted)
        {
            if (!kept.TryGetValue(node, out var mine))
            {
                bool found;
                while ((found = free.MoveNext()) && !taken.Add(free.Current))
                {
                    // Somebody has it.
                }

                if (!found)
                {
                    continue;
                }

                mine = free.Current;
            }

            result.Add(make(node, mine));
        }

        return result;
    }

    /// <summary>Ranges of which no two overlap, in order: whether one more fits is known from its two neighbours.</summary>
    private sealed class TakenRanges
    {
        private readonly SortedSet<AddressRange> _ranges = new(Comparer<AddressRange>.Create((one, other) => one.First.CompareTo(other.First)));

        /// <summary>Takes a range; false when a part of it is taken.</summary>
        public bool Add(AddressRange range)
        {
            // The one that begins last of all that begin before this one ends; nothing (0) when there is none.
            var last = _ranges.GetViewBetween(default, new AddressRange(range.Last, range.Last)).Max;
            return (last == default || !last.Overlaps(range)) && _ranges.Add(range);
        }
    }
}
