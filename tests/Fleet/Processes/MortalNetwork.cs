using System.Net.Sockets;
using Dpf.Runtime.Machines;

namespace Dpf.Fleet.Processes;

/// <summary>
/// The network of one process. When the process is killed all its connections break at once, and nothing that still runs of it
/// can say another word: to everybody else it is as if the kernel had killed it at that instruction.
/// </summary>
internal sealed class MortalNetwork : INetworkNamespace
{
    private readonly Lock _lock = new();
    private List<Socket> _sockets = [];
    private bool _isDead;

    public string Path => "/proc/self/ns/net";

    public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(family, type, protocol);
        lock (_lock)
        {
            if (!_isDead)
            {
                if (_sockets.Count % 64 == 63)
                {
                    _sockets.RemoveAll(s => s.SafeHandle.IsClosed);
                }

                _sockets.Add(socket);
                return socket;
            }
        }

        socket.Dispose();
        throw new SocketException((int)SocketError.NetworkDown);
    }

    /// <summary>Breaks everything.</summary>
    public void Kill()
    {
        List<Socket> open;
        lock (_lock)
        {
            (_isDead, open, _sockets) = (true, _sockets, []);
        }

        foreach (var socket in open)
        {
            socket.Dispose();
        }
    }
}
