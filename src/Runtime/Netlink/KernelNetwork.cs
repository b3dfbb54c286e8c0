using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Runtime.Netlink;

/// <summary>
/// A network namespace as the kernel keeps it: interfaces, addresses, routes, permanent neighbours. It is asked and changed by
/// messages (rtnetlink(7)), because a process for each would cost more than everything else that an agent does.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="networkNamespace">One of its namespaces, a path on the machine; null for its own.</param>
public sealed class KernelNetwork(IMachine machine, string? networkNamespace = null)
{
    // RTMGRP_* of linux/rtnetlink.h: links, neighbours, addresses and routes of both families.
    private const uint AllGroups = 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400;

    // A network manager changes many things at once: they are one reason to look.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    /// <summary>The namespace.</summary>
    public INetworkNamespace Namespace => networkNamespace is null ? machine.Network : machine.NetworkAt(networkNamespace);

    /// <summary>All interfaces.</summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public IReadOnlyList<Link> Links()
    {
        using var socket = Open();
        return LinksOf(socket);
    }

    /// <summary>One interface; null when it is not there.</summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public Link? Find(string name) => Links().FirstOrDefault(l => l.Name == name);

    /// <summary>Whether there is an interface of this name.</summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public bool Has(string name)
    {
        using var socket = Open();
        return KernelTables.Find(socket, name) is not null;
    }

    /// <summary>The names of the interfaces.</summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public IReadOnlySet<string> Names()
    {
        using var socket = Open();
        return KernelTables.Links(socket).Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The interfaces, and these families' main routing tables and permanent neighbours.</summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public NetworkState State(params IEnumerable<IpFamily> families)
    {
        using var socket = Open();
        var links = LinksOf(socket);
        var names = links.ToDictionary(l => l.Index, l => l.Name);
        var all = families.ToList();
        return new NetworkState(
            links,
            [.. all.SelectMany(f => KernelTables.Routes(socket, f, names))],
            [.. all.SelectMany(f => KernelTables.Neighbours(socket, f, names))]);
    }

    /// <summary>Carries out changes one after the other; the first that fails ends it.</summary>
    /// <exception cref="NetlinkException">The kernel refused one.</exception>
    /// <exception cref="IOException">The namespace is not there.</exception>
    public Task ApplyAsync(CancellationToken cancellation, params IReadOnlyList<NetworkChange> changes) => Task.Run(
        () =>
        {
            using var socket = Open();
            foreach (var change in changes)
            {
                cancellation.ThrowIfCancellationRequested();
                change.Apply(socket);
            }
        },
        cancellation);

    /// <summary>
    /// Turns transmit checksum offload off where the interface is a veth: its peer gets packets without a checksum, which no wire and
    /// no userspace datapath behind it would add.
    /// </summary>
    /// <exception cref="IOException">The namespace is not there, or the kernel refused.</exception>
    public void CompleteChecksums(string device)
    {
        const uint setTransmitChecksums = 0x17;
        using var socket = Open();
        if (KernelTables.Find(socket, device) is { Kind: "veth" })
        {
            Native.Ethtool(socket.Handle, device, setTransmitChecksums, 0);
        }
    }

    /// <summary>Tells of changes of interfaces, addresses, routes and permanent neighbours until cancelled.</summary>
    /// <exception cref="IOException">The namespace is not there.</exception>
    public async Task FollowAsync(Action changed, TimeProvider time, CancellationToken cancellation)
    {
        using var socket = Open(AllGroups);
        while (true)
        {
            var told = await socket.HearAsync(cancellation);
            if (told.Count == 0 || told.Any(IsNews))
            {
                // Also so that who makes the changes is not held up by those who look at them.
                await Task.Delay(Settling, time, cancellation);
                socket.HearRest();
                changed();
            }
        }
    }

    private RouteSocket Open(uint groups = 0) =>
        RouteSocket.Open(Namespace, networkNamespace is null ? machine.HostName : $"{machine.HostName}, {networkNamespace}", groups);

    // Neighbours come and go with every packet; only those that were set by somebody count.
    private static bool IsNews(NetlinkReply message) =>
        message.Type is not (MessageType.NewNeighbour or MessageType.DeleteNeighbour) || KernelTables.IsPermanent(message);

    private static IReadOnlyList<Link> LinksOf(RouteSocket socket)
    {
        var addresses = KernelTables.Addresses(socket);
        return [.. KernelTables.Links(socket).Select(l => l with { Addresses = [.. addresses[l.Index]] })];
    }
}
