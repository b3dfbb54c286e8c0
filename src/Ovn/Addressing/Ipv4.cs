using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dpf.Ovn.Addressing;

/// <summary>An IPv4 address with arithmetic.</summary>
/// <param name="Value">The address as a number in host order.</param>
public readonly record struct Ipv4(uint Value) : IComparable<Ipv4>
{
    /// <summary>The MAC address that OVN-Kubernetes derives from an address: <c>0a:58</c> and its four octets.</summary>
    public string Mac => string.Create(
        CultureInfo.InvariantCulture, $"0a:58:{Value >> 24:x2}:{(Value >> 16) & 255:x2}:{(Value >> 8) & 255:x2}:{Value & 255:x2}");

    /// <summary>The address so many further.</summary>
    public static Ipv4 operator +(Ipv4 address, uint offset) => new(address.Value + offset);

    /// <summary>Whether the left address comes before the right one.</summary>
    public static bool operator <(Ipv4 left, Ipv4 right) => left.Value < right.Value;

    /// <summary>Whether the left address comes before the right one, or is it.</summary>
    public static bool operator <=(Ipv4 left, Ipv4 right) => left.Value <= right.Value;

    /// <summary>Whether the left address comes after the right one.</summary>
    public static bool operator >(Ipv4 left, Ipv4 right) => left.Value > right.Value;

    /// <summary>Whether the left address comes after the right one, or is it.</summary>
    public static bool operator >=(Ipv4 left, Ipv4 right) => left.Value >= right.Value;

    /// <summary>Reads dotted decimals.</summary>
    /// <exception cref="FormatException">It is no IPv4 address.</exception>
    public static Ipv4 Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IPv4 address");

    /// <summary>Reads dotted decimals, if it is that.</summary>
    public static bool TryParse(string? text, out Ipv4 address)
    {
        address = default;
        if (text is null || !IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetwork)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[4];
        parsed.TryWriteBytes(bytes, out _);
        var read = new Ipv4(BinaryPrimitives.ReadUInt32BigEndian(bytes));

        // The parser also takes "10", octal and hexadecimal, which nobody means who writes an address.
        if (read.ToString() != text)
        {
            return false;
        }

        address = read;
        return true;
    }

    /// <inheritdoc />
    public int CompareTo(Ipv4 other) => Value.CompareTo(other.Value);

    /// <inheritdoc />
    public override string ToString() => $"{Value >> 24}.{(Value >> 16) & 255}.{(Value >> 8) & 255}.{Value & 255}";
}
