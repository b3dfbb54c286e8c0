using System.Net;
using System.Net.Sockets;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Dns;

/// <summary>Answers questions over UDP and TCP in a network: about the cluster itself, about the rest by asking on.</summary>
/// <param name="network">The network.</param>
/// <param name="names">The cluster's names as they are now.</param>
/// <param name="forwarder">Who is asked about the rest.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class DnsServer(
    INetworkNamespace network, Func<ClusterNames> names, DnsForwarder forwarder, TimeProvider time, ILogger logger)
{
    private const int MostAliases = 8;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private int _turn;

    /// <summary>Serves until cancelled.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public async Task RunAsync(int port, CancellationToken cancellation)
    {
        using var datagrams = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var connections = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        connections.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        datagrams.Bind(new IPEndPoint(IPAddress.Any, port));
        connections.Bind(new IPEndPoint(IPAddress.Any, port));
        connections.Listen(128);
        await Together.RunAsync(stop => [DatagramsAsync(datagrams, stop), ConnectionsAsync(connections, stop)], cancellation);
    }

    /// <summary>The answer to a message; null when it deserves none.</summary>
    internal async Task<byte[]?> AnswerAsync(byte[] message, bool overTcp, CancellationToken cancellation)
    {
        if (DnsMessage.ReadQuery(message) is not { } query)
        {
            return null;
        }

        var limit = overTcp ? ushort.MaxValue : query.UdpSize;
        var (known, turn) = (names(), Interlocked.Increment(ref _turn));
        if (known.Answer(query.Question, turn) is not { } answer)
        {
            return await forwarder.ForwardAsync(message, overTcp, cancellation) ??
                DnsMessage.WriteAnswer(query, new DnsAnswer(DnsCode.ServerFailure, []), limit);
        }

        // Who asks for the addresses of another name wants those.
        if (answer.Answers is [{ Data: DnsAlias }] && query.Question.Type is DnsType.A or DnsType.Aaaa)
        {
            answer = await FollowAsync(known, answer, query.Question.Type, turn, cancellation);
        }

        return DnsMessage.WriteAnswer(query, answer, limit);
    }

    /// <summary>An answer that leads to another name, with what is found there; one name of the cluster may lead to the next.</summary>
    private async Task<DnsAnswer> FollowAsync(ClusterNames known, DnsAnswer first, DnsType type, int turn, CancellationToken cancellation)
    {
        var records = first.Answers.ToList();
        while (records[^1].Data is DnsAlias(var target))
        {
            if (known.Answer(new DnsQuestion(target, type), turn) is not { } inside)
            {
                var outside = await forwarder.ResolveAsync(target, type == DnsType.A ? IpFamily.V4 : IpFamily.V6, cancellation) ?? [];
                records.AddRange(outside.Select(a => new DnsRecord(target, new DnsAddress(a.Address), a.Seconds)));
                break;
            }

            if (inside.Answers.Count == 0)
            {
                break;
            }

            if (records.Count == MostAliases && inside.Answers[0].Data is DnsAlias)
            {
                // Round and round, or as good as that.
                return new DnsAnswer(DnsCode.ServerFailure, []);
            }

            records.AddRange(inside.Answers);
        }

        return first with { Answers = records };
    }

    private async Task DatagramsAsync(Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[4096];
        var anyone = new IPEndPoint(IPAddress.Any, 0);
        while (true)
        {
            try
            {
                var got = await socket.ReceiveFromAsync(buffer, anyone, cancellation);
                _ = ReplyAsync(socket, buffer[..got.ReceivedBytes], got.RemoteEndPoint, cancellation);
            }
            catch (SocketException e)
            {
                // An asker that went away, told by ICMP.
                logger.LogDebug("dns: {Message}", e.Message);
            }
        }
    }

    private async Task ReplyAsync(Socket socket, byte[] message, EndPoint to, CancellationToken cancellation)
    {
        try
        {
            if (await AnswerAsync(message, overTcp: false, cancellation) is { } answer)
            {
                await socket.SendToAsync(answer, to, cancellation);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            logger.LogDebug("dns: {Message}", e.Message);
        }
    }

    private async Task ConnectionsAsync(Socket listener, CancellationToken cancellation)
    {
        while (true)
        {
            var connection = await listener.AcceptAsync(cancellation);
            _ = ConverseAsync(connection, cancellation);
        }
    }

    private async Task ConverseAsync(Socket connection, CancellationToken cancellation)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => idle.Cancel(), null, Idle, Timeout.InfiniteTimeSpan);
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (await DnsStream.ReadAsync(stream, idle.Token) is { } message)
            {
                timer.Change(Idle, Timeout.InfiniteTimeSpan);
                if (await AnswerAsync(message, overTcp: true, idle.Token) is not { } answer)
                {
                    return;
                }

                await DnsStream.WriteAsync(stream, answer, idle.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            logger.LogDebug("dns: {Message}", e.Message);
        }
    }
}
