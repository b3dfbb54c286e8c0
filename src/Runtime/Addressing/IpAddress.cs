using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Dpf.Runtime.Addressing;

/// <summary>An address of either family with arithmetic.</summary>
/// <param name="Family">Its family.</param>
/// <param name="Value">The address as a number in host order.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct IpAddress(IpFamily Family, UInt128 Value) : IComparable<IpAddress>
{
    private const int Groups = 8;

    /// <summary>Its octets as they are on the wire.</summary>
    public byte[] Bytes
    {
        get
        {
            var bytes = new byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
            return Family == IpFamily.V4 ? bytes[12..] : bytes;
        }
    }

    /// <summary>The address alone as a network.</summary>
    public Cidr Alone => new(this, Family.Bits);

    /// <summary>The address so many further.</summary>
    public static IpAddress operator +(IpAddress address, UInt128 offset) => address with { Value = address.Value + offset };

    /// <summary>Whether the left address comes before the right one.</summary>
    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left address comes before the right one, or is it.</summary>
    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left address comes after the right one.</summary>
    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left address comes after the right one, or is it.</summary>
    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;

    /// <summary>The address of four or sixteen octets as they are on the wire.</summary>
    public static IpAddress Read(ReadOnlySpan<byte> bytes) => bytes.Length == 4
        ? new IpAddress(IpFamily.V4, BinaryPrimitives.ReadUInt32BigEndian(bytes))
        : new IpAddress(IpFamily.V6, BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>Reads an address; null when it is none.</summary>
    public static IpAddress? ParseOrNull(string? text) => TryParse(text, out var address) ? address : null;

    /// <summary>Reads addresses and leaves out what is none.</summary>
    public static IEnumerable<IpAddress> ParseAll(IEnumerable<string?> texts) => texts.Select(ParseOrNull).OfType<IpAddress>();

    /// <summary>Reads an address, if it is that.</summary>
    public static bool TryParse(string? text, out IpAddress address)
    {
        address = default;

        // The parser also takes scopes and brackets, which belong to an endpoint and not to an address.
        if (text is null || text.AsSpan().IndexOfAny('%', '[', ']') >= 0 || !IPAddress.TryParse(text, out var parsed) ||
            parsed.IsIPv4MappedToIPv6)
        {
            return false;
        }

        var read = Read(parsed.GetAddressBytes());

        // It also takes "10", octal and hexadecimal, which nobody means who writes an IPv4 address.
        if (read.Family == IpFamily.V4 && read.ToString() != text)
        {
            return false;
        }

        address = read;
        return true;
    }

    /// <summary>The address in front of a port.</summary>
    public string WithPort(int port) => Family == IpFamily.V4
        ? string.Create(CultureInfo.InvariantCulture, $"{this}:{port}")
        : string.Create(CultureInfo.InvariantCulture, $"[{this}]:{port}");

    /// <inheritdoc />
    public int CompareTo(IpAddress other) => Family == other.Family ? Value.CompareTo(other.Value) : Family.CompareTo(other.Family);

    /// <inheritdoc />
    public override string ToString() => Family == IpFamily.V4
        ? $"{(uint)Value >> 24}.{((uint)Value >> 16) & 255}.{((uint)Value >> 8) & 255}.{(uint)Value & 255}"
        : SixText();

    /// <summary>As RFC 5952 says, and without the dotted tails that the runtime gives some addresses: MAC addresses depend on the text.</summary>
    private string SixText()
    {
        var value = Value;
        var groups = Enumerable.Range(0, Groups).Select(i => (ushort)(value >> (16 * (Groups - 1 - i)))).ToArray();
        var (start, length) = (-1, 1);
        for (var i = 0; i < Groups; i++)
        {
            var zeros = groups.Skip(i).TakeWhile(g => g == 0).Count();
            if (zeros > length)
            {
                (start, length) = (i, zeros);
            }
        }

        return start < 0 ? Text(groups) : $"{Text(groups[..start])}::{Text(groups[(start + length)..])}";

        static string Text(IEnumerable<ushort> part) =>
            string.Join(':', part.Select(g => g.ToString("x", CultureInfo.InvariantCulture)));
    }
}
