using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Fleet.Hardware;

/// <summary>
/// Lets one web server listen in thousands of places that come and go: each DMS pod's address and port is a listening socket of
/// its own, and what it accepts is served by all alike.
/// </summary>
internal sealed class DmsTransport : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
    private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
    private readonly ConcurrentDictionary<IPEndPoint, Socket> _listening = [];

    public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.Loopback, 0);

    /// <summary>Begins to listen; false when it does already.</summary>
    public bool Open(IPEndPoint place)
    {
        if (_listening.ContainsKey(place))
        {
            return false;
        }

        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(place);
        socket.Listen(16);
        _listening[place] = socket;
        _ = AcceptAsync(socket);
        return true;
    }

    /// <summary>Ceases to listen.</summary>
    public void Close(IPEndPoint place)
    {
        if (_listening.TryRemove(place, out var socket))
        {
            socket.Dispose();
        }
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        EndPoint = endpoint;
        return ValueTask.FromResult<IConnectionListener>(this);
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        foreach (var place in _listening.Keys)
        {
            Close(place);
        }

        _accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    private async Task AcceptAsync(Socket listening)
    {
        try
        {
            while (true)
            {
                var socket = await listening.AcceptAsync();
                socket.NoDelay = true;
                await _accepted.Writer.WriteAsync(_contexts.Create(socket));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or ChannelClosedException)
        {
            // Closed.
        }
    }
}
