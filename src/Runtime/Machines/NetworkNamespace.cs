using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dpf.Runtime.Machines;

/// <summary>
/// A network namespace by its path. A socket belongs to the namespace of the thread that makes it, so a thread of its own enters
/// the namespace (setns(2)), makes the socket and ends.
/// </summary>
/// <param name="path">Asked for at every use: a machine that rebooted has another one.</param>
public sealed partial class NetworkNamespace(Func<string> path) : INetworkNamespace
{
    private const int CloneNewNet = 0x40000000;

    /// <inheritdoc />
    public string Path => path();

    /// <inheritdoc />
    public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        Socket? socket = null;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    Enter(Path);
                    socket = new Socket(family, type, protocol);
                }
                catch (Exception e) when (e is IOException or Win32Exception or SocketException or UnauthorizedAccessException)
                {
                    failure = e;
                }
            },
            64 * 1024);
        thread.Start();
        thread.Join();
        return socket ?? throw new IOException($"{Path}: no socket could be made in this network namespace: {failure?.Message}", failure);
    }

    private static void Enter(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (SetNamespace(handle, CloneNewNet) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle descriptor, int type);
}
