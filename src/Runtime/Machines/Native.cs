using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dpf.Runtime.Machines;

/// <summary>Calls of the operating system that the base library does not have.</summary>
internal static partial class Native
{
    private const int NetworkNamespace = 0x40000000;
    private const int NetlinkFamily = 16;
    private const int RawCloseOnExec = 0x80003;
    private const int RouteProtocol = 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>Has the calling thread enter a network namespace (setns(2)).</summary>
    /// <exception cref="Win32Exception">The kernel refused it.</exception>
    public static void Enter(SafeFileHandle network) => Check(SetNamespace(network, NetworkNamespace));

    /// <summary>A netlink socket of the calling thread's namespace that hears these groups (netlink(7)).</summary>
    /// <exception cref="Win32Exception">The kernel refused it.</exception>
    public static SafeSocketHandle RouteSocket(uint groups)
    {
        var descriptor = MakeSocket(NetlinkFamily, RawCloseOnExec, RouteProtocol);
        Check(descriptor);
        var handle = new SafeSocketHandle(descriptor, ownsHandle: true);
        try
        {
            var address = new NetlinkAddress { Family = NetlinkFamily, Groups = groups };
            Check(Bind(handle, address, Marshal.SizeOf<NetlinkAddress>()));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Asks the driver of an interface something, or to do something (SIOCETHTOOL, netdevice(7)).</summary>
    /// <param name="socket">Any socket of the interface's namespace.</param>
    /// <param name="device">The interface.</param>
    /// <param name="command">One of ETHTOOL_* (<c>linux/ethtool.h</c>).</param>
    /// <param name="value">What to set.</param>
    /// <exception cref="Win32Exception">The kernel refused it.</exception>
    public static unsafe void Ethtool(SafeSocketHandle socket, string device, uint command, uint value)
    {
        const int nameLength = 16;
        const nuint ethtool = 0x8946;
        var argument = stackalloc uint[2] { command, value };
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        System.Text.Encoding.ASCII.GetBytes(device.AsSpan(0, Math.Min(device.Length, nameLength - 1)), new Span<byte>(request, nameLength));
        *(uint**)(request + nameLength) = argument;
        Check(Control(socket, ethtool, request));
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle descriptor, int type);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int MakeSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeSocketHandle socket, in NetlinkAddress address, int length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Control(SafeSocketHandle socket, nuint request, byte* argument);

    [StructLayout(LayoutKind.Sequential)]
    private struct NetlinkAddress
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }
}
