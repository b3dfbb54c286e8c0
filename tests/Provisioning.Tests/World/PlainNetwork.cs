using System.Net.Sockets;
using Dpf.Runtime.Machines;

namespace Dpf.Provisioning.Tests.World;

/// <summary>This process's own network.</summary>
internal sealed class PlainNetwork : INetworkNamespace
{
    public string Path => "/proc/self/ns/net";

    public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol) => new(family, type, protocol);
}
