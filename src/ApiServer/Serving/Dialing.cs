using System.Net.Sockets;

namespace Dpf.ApiServer.Serving;

/// <summary>Opens connections of the server's own, in the network that it is told to use.</summary>
internal static class Dialing
{
    public static async Task<Stream> DialAsync(ApiServerOptions options, string host, int port, CancellationToken cancellation)
    {
        if (options.Dialer is { } dialer)
        {
            return await dialer(host, port, cancellation);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
