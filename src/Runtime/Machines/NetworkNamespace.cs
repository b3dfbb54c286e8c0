using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Dpf.Runtime.Machines;

/// <summary>
/// A network namespace by its path. A socket belongs to the namespace of the thread that makes it, so a thread of its own enters
/// the namespace (setns(2)), makes the socket and ends.
/// </summary>
/// <param name="path">Asked for at every use: a machine that rebooted has another one.</param>
public sealed class NetworkNamespace(Func<string> path) : INetworkNamespace
{
    private const string Own = "/proc/self/ns/net";

    /// <summary>The namespace of this process, which needs no right to be entered.</summary>
    public static NetworkNamespace OfThisProcess { get; } = new(() => Own);

    /// <inheritdoc />
    public string Path => path();

    /// <inheritdoc />
    public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol) =>
        Within(Path, () => new Socket(family, type, protocol));

    /// <summary>A descriptor of the namespace at a path.</summary>
    /// <exception cref="IOException">It is not there.</exception>
    internal static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    /// <summary>What a socket of the namespace is made by.</summary>
    /// <exception cref="IOException">The namespace is not there, or there is no socket to be had in it.</exception>
    internal static Socket Within(string path, Func<Socket> make)
    {
        Socket? socket = null;
        Exception? failure = null;
        void Make()
        {
            try
            {
                if (path != Own)
                {
                    using var handle = Open(path);
                    Native.Enter(handle);
                }

                socket = make();
            }
            catch (Exception e) when (e is IOException or Win32Exception or SocketException or UnauthorizedAccessException)
            {
                failure = e;
            }
        }

        if (path == Own)
        {
            Make();
        }
        else
        {
            var thread = new Thread(Make, 64 * 1024);
            thread.Start();
            thread.Join();
        }

        return socket ?? throw new IOException($"{path}: no socket could be made in this network namespace: {failure?.Message}", failure);
    }
}
