using System.Buffers.Binary;
using System.Net;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>Cuts a cluster's pod ranges into the nodes' networks: a /24 of IPv4, a /64 of IPv6.</summary>
internal static class NodeNetworks
{
    // More than anybody has nodes; an IPv6 range has room for more than can be counted.
    private const int MostBits = 20;

    /// <summary>The first network of each range that is free; null when all of one are taken.</summary>
    /// <param name="ranges">The ranges, separated by commas.</param>
    /// <param name="taken">The networks that nodes have.</param>
    public static IReadOnlyList<string>? Next(string ranges, IReadOnlySet<string> taken)
    {
        var networks = ranges.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(r => Candidates(IPNetwork.Parse(r)).FirstOrDefault(c => !taken.Contains(c))).ToList();
        return networks.Contains(null) ? null : [.. networks.OfType<string>()];
    }

    private static IEnumerable<string> Candidates(IPNetwork range)
    {
        var first = range.BaseAddress.GetAddressBytes();
        var (length, hosts) = first.Length == 4 ? (24, first[..4]) : (64, first[4..8]);
        var count = range.PrefixLength >= length ? 1 : 1 << Math.Min(MostBits, length - range.PrefixLength);
        for (var i = 0; i < count; i++)
        {
            // The network's own bits end within the first four octets, or the second.
            var bytes = (byte[])first.Clone();
            BinaryPrimitives.WriteUInt32BigEndian(
                bytes.AsSpan(length == 24 ? 0 : 4), BinaryPrimitives.ReadUInt32BigEndian(hosts) + ((uint)i << (length == 24 ? 8 : 0)));
            yield return $"{new IPAddress(bytes)}/{length}";
        }
    }
}
