using System.Buffers.Binary;
using System.Net;

namespace Dpf.Lab.ControlPlane.Nodes;

/// <summary>Cuts a cluster's pod range into /24 networks.</summary>
internal static class NodeNetworks
{
    /// <summary>The first network of a range that is free; null when all are taken.</summary>
    public static string? Next(string range, IReadOnlySet<string> taken)
    {
        var network = IPNetwork.Parse(range);
        var first = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());
        var count = network.PrefixLength >= 24 ? 1 : 1 << (24 - network.PrefixLength);
        var bytes = new byte[4];
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, first + ((uint)i << 8));
            var candidate = $"{new IPAddress(bytes)}/24";
            if (!taken.Contains(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
