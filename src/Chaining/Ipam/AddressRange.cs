using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Dpf.Runtime.Addressing;

namespace Dpf.Chaining.Ipam;

/// <summary>IPv4 addresses in order, from one to another.</summary>
/// <param name="First">The first, as a number.</param>
/// <param name="Last">The last, as a number.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AddressRange(uint First, uint Last)
{
    /// <summary>The addresses of a network, which a host's address with a prefix (10.0.0.1/24) says too.</summary>
    /// <exception cref="FormatException">It is no network.</exception>
    public static AddressRange Network(string cidr)
    {
        var network = Parse(cidr);
        return new AddressRange((uint)network.Network.Address.Value, (uint)network.Last.Value);
    }

    /// <summary>A network's prefix length.</summary>
    /// <exception cref="FormatException">It is no network.</exception>
    public static int PrefixLength(string cidr) => Parse(cidr).Length;

    /// <summary>Whether an address is among these.</summary>
    public bool Contains(uint address) => address >= First && address <= Last;

    /// <summary>Whether all of another range's are among these.</summary>
    public bool Contains(AddressRange other) => Contains(other.First) && Contains(other.Last);

    /// <summary>Whether any is in both.</summary>
    public bool Overlaps(AddressRange other) => First <= other.Last && other.First <= Last;

    /// <summary>An address as a number.</summary>
    public static uint Number(string address) => BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).GetAddressBytes());

    /// <summary>A number as an address.</summary>
    public static string Text(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }

    private static Cidr Parse(string text) => Cidr.Parse(text) is { Family: IpFamily.V4 } network
        ? network
        : throw new FormatException($"'{text}' is no IPv4 network");
}
