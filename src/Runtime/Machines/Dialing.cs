using System.Net;
using System.Net.Sockets;

namespace Dpf.Runtime.Machines;

/// <summary>Opens connections as streams, which end them.</summary>
public static class Dialing
{
    extension(INetworkNamespace network)
    {
        /// <summary>A TCP connection out of the namespace. A name is looked up by this process, for an IPv4 address.</summary>
        /// <exception cref="SocketException">Nobody listens there, or there is no way to it.</exception>
        public ValueTask<Stream> DialAsync(EndPoint target, CancellationToken cancellation) =>
            ConnectAsync(network.CreateSocket(FamilyOf(target), SocketType.Stream, ProtocolType.Tcp), target, cancellation);
    }

    /// <summary>A connection to a unix socket.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static ValueTask<Stream> UnixAsync(string path, CancellationToken cancellation) => ConnectAsync(
        new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path), cancellation);

    private static async ValueTask<Stream> ConnectAsync(Socket socket, EndPoint target, CancellationToken cancellation)
    {
        try
        {
            if (socket.ProtocolType == ProtocolType.Tcp)
            {
                socket.NoDelay = true;
            }

            await socket.ConnectAsync(target, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static AddressFamily FamilyOf(EndPoint target) => target switch
    {
        IPEndPoint ip => ip.AddressFamily,
        DnsEndPoint dns when IPAddress.TryParse(dns.Host, out var literal) => literal.AddressFamily,
        _ => AddressFamily.InterNetwork,
    };
}
