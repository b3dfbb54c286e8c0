using System.Runtime.InteropServices;
using System.Text;

namespace Dpf.Runtime.Netlink;

/// <summary>A message to the kernel: a header, the fixed part that its type has, and attributes (netlink(7)).</summary>
internal sealed class NetlinkMessage
{
    /// <summary>The header's length.</summary>
    public const int HeaderLength = 16;

    private readonly MemoryStream _bytes = new();

    /// <summary>Begins a message.</summary>
    /// <param name="type">One of <see cref="MessageType"/>.</param>
    /// <param name="flags">Some of <see cref="MessageFlag"/>.</param>
    /// <param name="fixedPart">What follows the header.</param>
    public NetlinkMessage(ushort type, ushort flags, ReadOnlySpan<byte> fixedPart)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], flags);
        _bytes.Write(header);
        Raw(fixedPart);
    }

    /// <summary>The length of a part with its padding.</summary>
    public static int Aligned(int length) => (length + 3) & ~3;

    /// <summary>Appends octets as they are.</summary>
    public NetlinkMessage Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        _bytes.Write(stackalloc byte[Aligned(bytes.Length) - bytes.Length]);
        return this;
    }

    /// <summary>Appends an attribute.</summary>
    public NetlinkMessage Add(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[4];
        MemoryMarshal.Write(header, (ushort)(4 + value.Length));
        MemoryMarshal.Write(header[2..], type);
        _bytes.Write(header);
        return Raw(value);
    }

    /// <summary>Appends a number.</summary>
    public NetlinkMessage Add(ushort type, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, value);
        return Add(type, bytes);
    }

    /// <summary>Appends text, which the kernel expects to end with a zero.</summary>
    public NetlinkMessage Add(ushort type, string text) => Add(type, Encoding.UTF8.GetBytes(text + '\0'));

    /// <summary>Appends attributes inside of an attribute.</summary>
    public NetlinkMessage Nest(ushort type, Action<NetlinkMessage> fill)
    {
        var at = (int)_bytes.Length;
        Add(type, []);
        fill(this);
        MemoryMarshal.Write(_bytes.GetBuffer().AsSpan(at), (ushort)(_bytes.Length - at));
        return this;
    }

    /// <summary>The message as it is sent.</summary>
    public ReadOnlySpan<byte> Finish(uint sequence)
    {
        var bytes = _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);
        MemoryMarshal.Write(bytes, bytes.Length);
        MemoryMarshal.Write(bytes[8..], sequence);
        return bytes;
    }
}

/// <summary>A message from the kernel.</summary>
/// <param name="Type">One of <see cref="MessageType"/>.</param>
/// <param name="Flags">Some of <see cref="MessageFlag"/>.</param>
/// <param name="Sequence">That of the request it answers.</param>
/// <param name="Payload">What follows the header.</param>
internal sealed record NetlinkReply(ushort Type, ushort Flags, uint Sequence, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The messages in what was received at once.</summary>
    public static IEnumerable<NetlinkReply> ReadAll(ReadOnlyMemory<byte> received)
    {
        while (received.Length >= NetlinkMessage.HeaderLength)
        {
            var length = MemoryMarshal.Read<int>(received.Span);
            if (length < NetlinkMessage.HeaderLength || length > received.Length)
            {
                throw new IOException($"the kernel's netlink message says it is {length} octets long, and {received.Length} are left");
            }

            yield return new NetlinkReply(
                MemoryMarshal.Read<ushort>(received.Span[4..]), MemoryMarshal.Read<ushort>(received.Span[6..]),
                MemoryMarshal.Read<uint>(received.Span[8..]), received[NetlinkMessage.HeaderLength..length]);
            received = received[Math.Min(NetlinkMessage.Aligned(length), received.Length)..];
        }
    }

    /// <summary>The attributes that follow a fixed part of this length.</summary>
    public NetlinkAttributes Attributes(int fixedLength) => new(Payload[Math.Min(fixedLength, Payload.Length)..]);
}

/// <summary>The attributes of a message, or of an attribute that holds more.</summary>
/// <param name="bytes">Where they are.</param>
internal readonly struct NetlinkAttributes(ReadOnlyMemory<byte> bytes)
{
    // The upper two bits say how the value is written.
    private const ushort TypeMask = 0x3fff;

    /// <summary>An attribute's value; null when it is not there.</summary>
    public ReadOnlyMemory<byte>? Find(ushort type)
    {
        var rest = bytes;
        while (rest.Length >= 4)
        {
            var length = MemoryMarshal.Read<ushort>(rest.Span);
            if (length < 4 || length > rest.Length)
            {
                return null;
            }

            if ((MemoryMarshal.Read<ushort>(rest.Span[2..]) & TypeMask) == type)
            {
                return rest[4..length];
            }

            rest = rest[Math.Min(NetlinkMessage.Aligned(length), rest.Length)..];
        }

        return null;
    }

    /// <summary>A number; null when it is not there.</summary>
    public int? Number(ushort type) => Find(type) is { Length: >= 4 } value ? MemoryMarshal.Read<int>(value.Span) : null;

    /// <summary>Text; null when it is not there.</summary>
    public string? Text(ushort type) => Find(type) is { } value ? Encoding.UTF8.GetString(value.Span).TrimEnd('\0') : null;

    /// <summary>The attributes inside of one; none when it is not there.</summary>
    public NetlinkAttributes Inside(ushort type) => new(Find(type) ?? default);
}
