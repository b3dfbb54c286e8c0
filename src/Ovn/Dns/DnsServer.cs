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
        if (names().Answer(query.Question, Interlocked.Increment(ref _turn)) is not { } answer)
        {
            return await forwarder.ForwardAsync(message, overTcp, cancellation) ??
                DnsMessage.WriteAnswer(query, new DnsAnswer(DnsCode.ServerFailure, []), limit);
        }

        // Who asks for the addresses of another name wants those.
        if (answer.Answers is [{ Data: DnsAlias(var target) } alias] && query.Question.Type is DnsType.A or DnsType.Aaaa)
        {
            var found = await FollowAsync(target, query.Question.Type == DnsType.A ? IpFamily.V4 : IpFamily.V6, cancellation);
            answer = answer with { Answers = [alias, .. found] };
        }

        return DnsMessage.WriteAnswer(query, answer, limit);
    }

    private async Task<IEnumerable<DnsRecord>> FollowAsync(string target, IpFamily family, CancellationToken cancellation)
    {
        if (names().Answer(new DnsQuestion(target, DnsAddress.TypeOf(family))) is { } inside)
        {
            return inside.Answers.Where(r => r.Data is DnsAddress);
        }

        return (await forwarder.ResolveAsync(target, family, cancellation) ?? [])
            .Select(a => new DnsRecord(target, new DnsAddress(a.Address), a.Seconds));
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
