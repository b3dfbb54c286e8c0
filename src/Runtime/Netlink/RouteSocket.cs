using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dpf.Runtime.Machines;

namespace Dpf.Runtime.Netlink;

/// <summary>A socket to the part of the kernel that keeps a network namespace's interfaces, addresses, routes and neighbours (rtnetlink(7)).</summary>
internal sealed class RouteSocket : IDisposable
{
    private const int SocketOptions = 270;
    private const int ShortErrors = 10;
    private const int ExplainedErrors = 11;
    private const ushort ExplanationText = 1;
    private const int BufferLength = 65536;
    private readonly Socket _socket;
    private readonly string _place;
    private readonly byte[] _buffer = new byte[BufferLength];
    private uint _sequence;

    private RouteSocket(Socket socket, string place) => (_socket, _place) = (socket, place);

    /// <summary>Opens one.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="place">What errors call it, e.g. <c>worker1</c>.</param>
    /// <param name="groups">Whose changes it shall hear: bits as <c>linux/rtnetlink.h</c> numbers them (RTMGRP_*).</param>
    /// <exception cref="IOException">The namespace is not there, or the kernel gives none.</exception>
    public static RouteSocket Open(INetworkNamespace network, string place, uint groups = 0)
    {
        var socket = NetworkNamespace.Within(network.Path, () => new Socket(Native.RouteSocket(groups)));
        try
        {
            socket.SetRawSocketOption(SocketOptions, ShortErrors, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(SocketOptions, ExplainedErrors, BitConverter.GetBytes(1));
            return new RouteSocket(socket, place);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The descriptor, for what the kernel lets be asked of any socket.</summary>
    public SafeSocketHandle Handle => _socket.SafeHandle;

    /// <summary>Has the kernel carry out a message.</summary>
    /// <param name="message">The message; it has to ask for an acknowledgement.</param>
    /// <param name="what">What it is, for the error.</param>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    public void Change(NetlinkMessage message, string what)
    {
        Send(message);
        ThrowIfRefused(Answer(), what);
    }

    /// <summary>Asks for one thing; null when there is none.</summary>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    public NetlinkReply? Get(NetlinkMessage message, string what)
    {
        Send(message);
        var reply = Answer();
        if (reply.Type != MessageType.Error)
        {
            return reply;
        }

        if (Error(reply) != NetlinkException.NoSuchDevice)
        {
            ThrowIfRefused(reply, what);
        }

        return null;
    }

    /// <summary>Asks for a whole table.</summary>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    public IReadOnlyList<NetlinkReply> Dump(ushort type, ReadOnlySpan<byte> fixedPart, string what)
    {
        while (true)
        {
            Send(new NetlinkMessage(type, MessageFlag.Request | MessageFlag.Dump, fixedPart));
            var (table, done, changed) = (new List<NetlinkReply>(), false, false);
            while (!done)
            {
                foreach (var reply in Receive().Where(r => r.Sequence == _sequence))
                {
                    changed |= (reply.Flags & MessageFlag.Interrupted) != 0;
                    switch (reply.Type)
                    {
                        case MessageType.Done:
                            done = true;
                            break;
                        case MessageType.Error:
                            ThrowIfRefused(reply, what);
                            break;
                        default:
                            table.Add(reply);
                            break;
                    }
                }
            }

            if (!changed)
            {
                return table;
            }
        }
    }

    /// <summary>Waits for what the kernel tells of the groups; empty when it told more than could be kept.</summary>
    public async Task<IReadOnlyList<NetlinkReply>> HearAsync(CancellationToken cancellation)
    {
        try
        {
            return Read(await _socket.ReceiveAsync(_buffer, SocketFlags.None, cancellation));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            return [];
        }
    }

    /// <summary>Takes what the kernel has told until now without a look at it.</summary>
    public void HearRest()
    {
        try
        {
            while (_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
            {
                _socket.Receive(_buffer);
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            // More than could be kept: whoever listens looks at everything anyhow.
        }
    }

    /// <summary>The error of a message that was refused.</summary>
    public NetlinkException Refusal(string what, int error, string? explanation) => new(_place, what, error, explanation);

    /// <inheritdoc />
    public void Dispose() => _socket.Dispose();

    private void Send(NetlinkMessage message) => _socket.Send(message.Finish(++_sequence));

    private NetlinkReply Answer()
    {
        while (true)
        {
            if (Receive().FirstOrDefault(r => r.Sequence == _sequence) is { } reply)
            {
                return reply;
            }
        }
    }

    private List<NetlinkReply> Receive() => Read(_socket.Receive(_buffer));

    private List<NetlinkReply> Read(int length) => [.. NetlinkReply.ReadAll(_buffer.AsMemory(0, length).ToArray())];

    private static int Error(NetlinkReply reply) => -MemoryMarshal.Read<int>(reply.Payload.Span);

    private void ThrowIfRefused(NetlinkReply reply, string what)
    {
        if (Error(reply) is not 0 and var error)
        {
            var explained = (reply.Flags & MessageFlag.Explained) != 0
                ? reply.Attributes(4 + NetlinkMessage.HeaderLength).Text(ExplanationText)
                : null;
            throw Refusal(what, error, explained);
        }
    }
}

/// <summary>The kernel refused a change of the network, or a look at it.</summary>
/// <param name="place">The machine, and which of its namespaces.</param>
/// <param name="what">What was refused.</param>
/// <param name="error">The kernel's error (errno(3)).</param>
/// <param name="explanation">What the kernel says to it, if anything.</param>
public sealed class NetlinkException(string place, string what, int error, string? explanation) : IOException(
    $"{place}: '{what}': {new Win32Exception(error).Message}{(explanation is null ? "" : $" ({explanation})")}")
{
    internal const int NoSuchDevice = 19;
    private const int Exists = 17;

    /// <summary>Whether it refused because an interface is not there.</summary>
    public bool IsNoSuchDevice => error == NoSuchDevice;

    /// <summary>Whether it refused because the like is there.</summary>
    public bool IsThereAlready => error == Exists;
}
