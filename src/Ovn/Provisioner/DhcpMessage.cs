using System.Buffers.Binary;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Provisioner;

/// <summary>A route that a DHCP server hands out (option 121, RFC 3442).</summary>
/// <param name="Destination">Where to.</param>
/// <param name="NextHop">By which router.</param>
public sealed record DhcpRoute(Cidr Destination, IpAddress NextHop);

/// <summary>What a DHCP server gave.</summary>
/// <param name="Address">The address with its subnet.</param>
/// <param name="Server">The server.</param>
/// <param name="Duration">For how long.</param>
/// <param name="Routes">The classless routes.</param>
/// <param name="Mtu">The interface MTU, if told.</param>
public sealed record DhcpLease(Cidr Address, IpAddress Server, TimeSpan Duration, IReadOnlyList<DhcpRoute> Routes, int? Mtu);

/// <summary>DHCP messages (RFC 2131): written for a client, read from a server.</summary>
public static class DhcpMessage
{
    private const int OptionsAt = 240;

    /// <summary>DHCPDISCOVER.</summary>
    public static byte[] Discover(uint transaction, ReadOnlySpan<byte> mac) => Client(1, transaction, mac, []);

    /// <summary>DHCPREQUEST for what a server offered.</summary>
    public static byte[] Request(uint transaction, ReadOnlySpan<byte> mac, IpAddress address, IpAddress server) =>
        Client(3, transaction, mac, [50, 4, .. address.Bytes, 54, 4, .. server.Bytes]);

    /// <summary>Reads a server's message: its type (2 offer, 5 ack, 6 nak) and the lease; null for anything else.</summary>
    public static (byte Type, DhcpLease Lease)? Read(ReadOnlySpan<byte> message, uint transaction)
    {
        if (message.Length < OptionsAt || message[0] != 2 ||
            BinaryPrimitives.ReadUInt32BigEndian(message[4..]) != transaction ||
            BinaryPrimitives.ReadUInt32BigEndian(message[236..]) != 0x63825363)
        {
            return null;
        }

        var options = Options(message[OptionsAt..]);
        if (options.GetValueOrDefault((byte)53) is not [var type] || options.GetValueOrDefault((byte)54) is not { Length: 4 } server ||
            Length(options.GetValueOrDefault((byte)1)) is not { } length)
        {
            return null;
        }

        var lease = new DhcpLease(
            new Cidr(IpAddress.Read(message[16..20]), length),
            IpAddress.Read(server),
            TimeSpan.FromSeconds(options.GetValueOrDefault((byte)51) is { Length: 4 } seconds ? BinaryPrimitives.ReadUInt32BigEndian(seconds) : 3600),
            options.TryGetValue(121, out var routes) ? Routes(routes) : [],
            options.TryGetValue(26, out var mtu) && mtu.Length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(mtu) : null);
        return (type, lease);
    }

    /// <summary>Reads option 121: prefix length, as many octets of the destination as it needs, next hop.</summary>
    public static IReadOnlyList<DhcpRoute> Routes(ReadOnlySpan<byte> option)
    {
        var routes = new List<DhcpRoute>();
        Span<byte> destination = stackalloc byte[4];
        while (option.Length > 0)
        {
            var length = option[0];
            var octets = (length + 7) / 8;
            if (length > 32 || option.Length < 1 + octets + 4)
            {
                break;
            }

            destination.Clear();
            option.Slice(1, octets).CopyTo(destination);
            routes.Add(new DhcpRoute(
                new Cidr(IpAddress.Read(destination), length).Network,
                IpAddress.Read(option[(1 + octets)..(5 + octets)])));
            option = option[(1 + octets + 4)..];
        }

        return routes;
    }

    private static byte[] Client(byte type, uint transaction, ReadOnlySpan<byte> mac, byte[] options)
    {
        var header = new byte[OptionsAt];
        (header[0], header[1], header[2]) = (1, 1, 6);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), transaction);

        // The broadcast flag: the answer comes before the interface has the address that it would be sent to.
        header[10] = 0x80;
        mac.CopyTo(header.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(236), 0x63825363);

        // Asked for: subnet mask, MTU, lease time, server, classless routes. Not the router: it would become the default route.
        return [.. header, 53, 1, type, .. options, 55, 5, 1, 26, 51, 54, 121, 61, 7, 1, .. mac, 255];
    }

    private static Dictionary<byte, byte[]> Options(ReadOnlySpan<byte> bytes)
    {
        var options = new Dictionary<byte, byte[]>();
        var at = 0;
        while (at < bytes.Length && bytes[at] != 255)
        {
            if (bytes[at] == 0)
            {
                at++;
                continue;
            }

            if (at + 1 >= bytes.Length || at + 2 + bytes[at + 1] > bytes.Length)
            {
                break;
            }

            // An option that is split over several is one (RFC 3396).
            byte[] value = [.. options.GetValueOrDefault(bytes[at], []), .. bytes.Slice(at + 2, bytes[at + 1])];
            options[bytes[at]] = value;
            at += 2 + bytes[at + 1];
        }

        return options;
    }

    /// <summary>The prefix length of a subnet mask; 24 without one, null for one that is none.</summary>
    private static int? Length(byte[]? mask)
    {
        if (mask is null)
        {
            return 24;
        }

        var bits = mask.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(mask) : 0;
        var ones = System.Numerics.BitOperations.PopCount(bits);
        return ones > 0 && bits == uint.MaxValue << (32 - ones) ? ones : null;
    }
}
