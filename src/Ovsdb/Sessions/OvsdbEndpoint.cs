using System.Net;
using System.Net.Sockets;

namespace Dpf.Ovsdb.Sessions;

/// <summary>Ways to reach a database server.</summary>
public static class OvsdbEndpoint
{
    /// <summary>A unix socket. The path is asked for at each attempt, for machines that reboot.</summary>
    public static Func<CancellationToken, Task<Stream>> Unix(Func<string> path) =>
        async cancellation =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            return await OpenAsync(socket, UnixAddress(path()), cancellation);
        };

    /// <summary>A unix socket.</summary>
    public static Func<CancellationToken, Task<Stream>> Unix(string path) => Unix(() => path);

    /// <summary>TCP. <paramref name="socket"/> may make the socket in another network namespace.</summary>
    public static Func<CancellationToken, Task<Stream>> Tcp(IPEndPoint address, Func<Socket>? socket = null) =>
        async cancellation =>
        {
            var made = socket?.Invoke() ?? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            return await OpenAsync(made, address, cancellation);
        };

    private static async Task<Stream> OpenAsync(Socket socket, EndPoint address, CancellationToken cancellation)
    {
        try
        {
            await socket.ConnectAsync(address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static UnixDomainSocketEndPoint UnixAddress(string path) => path.Length <= 107
        ? new UnixDomainSocketEndPoint(path)
        : throw new InvalidOperationException(
            $"{path}: a unix socket's path may have at most 107 characters; move the database's run directory");
}
