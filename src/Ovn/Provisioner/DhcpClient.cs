using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Provisioner;

/// <summary>
/// Gets a lease on one interface. Speaks raw frames, because an interface without an address can neither send from 0.0.0.0 nor
/// receive what is addressed to it.
/// </summary>
public sealed class DhcpClient(INetworkNamespace network, TimeProvider time)
{
    private const ushort Ipv4Type = 0x0800;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>One exchange; null when no server answered.</summary>
    /// <param name="interfaceIndex">The interface's number in its namespace.</param>
    /// <param name="mac">Its MAC address.</param>
    /// <param name="cancellation">Cancels the exchange.</param>
    public async Task<DhcpLease?> LeaseAsync(int interfaceIndex, byte[] mac, CancellationToken cancellation)
    {
        using var socket = network.CreateSocket(
            AddressFamily.Packet, SocketType.Raw, (ProtocolType)BinaryPrimitives.ReverseEndianness(Ipv4Type));
        socket.Bind(new LinkEndPoint(interfaceIndex, Ipv4Type));
        var transaction = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        if (await ExchangeAsync(socket, DhcpMessage.Discover(transaction, mac), mac, transaction, 2, cancellation) is not { } offer)
        {
            return null;
        }

        var request = DhcpMessage.Request(transaction, mac, offer.Address.Address, offer.Server);
        return await ExchangeAsync(socket, request, mac, transaction, 5, cancellation);
    }

    private async Task<DhcpLease?> ExchangeAsync(
        Socket socket, byte[] message, byte[] mac, uint transaction, byte wanted, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        await socket.SendAsync(Frame(message, mac), cancellation);
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, limit.Token);
                if (Payload(buffer.AsSpan(0, length)) is { } payload &&
                    DhcpMessage.Read(buffer.AsSpan(payload.Start, payload.Length), transaction) is var (type, lease) && type == wanted)
                {
                    return lease;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>A broadcast from port 68 to port 67. Without a UDP checksum, which IPv4 allows.</summary>
    private static byte[] Frame(byte[] message, byte[] mac)
    {
        var frame = new byte[14 + 20 + 8 + message.Length];
        frame.AsSpan(0, 6).Fill(0xff);
        mac.CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), Ipv4Type);
        var ip = frame.AsSpan(14, 20);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(28 + message.Length));
        (ip[8], ip[9]) = (64, 17);
        ip[16..20].Fill(0xff);
        var sum = 0u;
        for (var i = 0; i < 20; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~((sum & 0xffff) + (sum >> 16)));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), 68);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(36), 67);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(38), (ushort)(8 + message.Length));
        message.CopyTo(frame, 42);
        return frame;
    }

    /// <summary>Where the DHCP message is in a frame to port 68; null for any other frame.</summary>
    private static (int Start, int Length)? Payload(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 42 || frame[23] != 17)
        {
            return null;
        }

        var udp = 14 + ((frame[14] & 15) * 4);
        return frame.Length > udp + 8 && BinaryPrimitives.ReadUInt16BigEndian(frame[(udp + 2)..]) == 68
            ? (udp + 8, frame.Length - udp - 8)
            : null;
    }

    /// <summary><c>sockaddr_ll</c>: all frames of a type on one interface.</summary>
    private sealed class LinkEndPoint(int interfaceIndex, ushort type) : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, 20);
            BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[2..], type);
            BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], interfaceIndex);
            return address;
        }
    }
}
