using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Dns;

/// <summary>Asks the servers that a machine's <c>resolv.conf</c> names, from a network of it.</summary>
/// <param name="network">Where from.</param>
/// <param name="servers">The servers, in order; asked for at every question.</param>
/// <param name="time">The clock.</param>
public sealed class DnsForwarder(INetworkNamespace network, Func<IReadOnlyList<IPAddress>> servers, TimeProvider time)
{
    private const int Port = 53;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The servers in a <c>resolv.conf</c>; none when it cannot be read.</summary>
    public static IReadOnlyList<IPAddress> Servers(string file)
    {
        try
        {
            return
            [
                .. File.ReadLines(file).Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                    .Where(w => w is ["nameserver", _, ..]).Select(w => IPAddress.TryParse(w[1], out var a) ? a : null)
                    .OfType<IPAddress>().Where(a => a.AddressFamily == AddressFamily.InterNetwork),
            ];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>
    /// Sends a message on and brings the answer back: that of the first server that knows one, else the first failure; null when no server
    /// answers.
    /// </summary>
    public Task<byte[]?> ForwardAsync(ReadOnlyMemory<byte> message, bool overTcp, CancellationToken cancellation) => AskAsync(
        (server, stop) => overTcp ? TcpAsync(server, message, stop) : UdpAsync(server, message, stop), cancellation);

    /// <summary>The addresses of a name in a family; null when no server knows.</summary>
    public async Task<IReadOnlyList<(IpAddress Address, uint Seconds)>?> ResolveAsync(
        string name, IpFamily family, CancellationToken cancellation)
    {
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var query = DnsMessage.WriteQuery(id, new DnsQuestion(name.TrimEnd('.').ToLowerInvariant(), DnsAddress.TypeOf(family)));
        var answer = await AskAsync(
            async (server, stop) => await UdpAsync(server, query, stop) is var whole && DnsMessage.IsTruncated(whole)
                ? await TcpAsync(server, query, stop)
                : whole,
            cancellation);
        return answer is null ? null : DnsMessage.ReadAddresses(answer, id);
    }

    private async Task<byte[]?> AskAsync(Func<IPAddress, CancellationToken, Task<byte[]>> ask, CancellationToken cancellation)
    {
        byte[]? failure = null;
        foreach (var server in servers())
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await using var timer = time.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
            try
            {
                var answer = await ask(server, patience.Token);
                if (DnsMessage.ReadCode(answer) is DnsCode.NoError or DnsCode.NoSuchName)
                {
                    return answer;
                }

                failure ??= answer;
            }
            catch (Exception e) when (e is SocketException or IOException ||
                (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // The next one may answer.
            }
        }

        return failure;
    }

    private async Task<byte[]> UdpAsync(IPAddress server, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using var socket = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), cancellation);
        await socket.SendAsync(message, cancellation);
        var buffer = new byte[ushort.MaxValue];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellation);

            // Late answers to earlier questions, or somebody's guesses.
            if (count >= 2 && buffer.AsSpan(0, 2).SequenceEqual(message.Span[..2]))
            {
                return buffer[..count];
            }
        }
    }

    private async Task<byte[]> TcpAsync(IPAddress server, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using var socket = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), cancellation);
        await using var stream = new NetworkStream(socket);
        await DnsStream.WriteAsync(stream, message, cancellation);
        return await DnsStream.ReadAsync(stream, cancellation) ?? throw new EndOfStreamException();
    }
}

/// <summary>Messages over TCP: each after its length.</summary>
internal static class DnsStream
{
    /// <summary>The next message; null at the end.</summary>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var length = new byte[2];
        if (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, cancellation) < 2)
        {
            return null;
        }

        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellation);
        return message;
    }

    /// <summary>Writes a message.</summary>
    public static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.Span.CopyTo(framed.AsSpan(2));
        await stream.WriteAsync(framed, cancellation);
    }
}
