using System.Runtime.InteropServices;
using System.Text;
using Dpf.Runtime.Addressing;

namespace Dpf.Runtime.Netlink;

/// <summary>What the kernel says of interfaces, addresses, routes and neighbours.</summary>
internal static class KernelTables
{
    private const int ClonedRoute = 0x200;

    // IFNAMSIZ, the final zero not counted; the kernel refuses to look for what no interface can be called.
    private const int LongestName = 15;

    // IPv6 routes always have one; this is the kernel's where nobody said any.
    private const int DefaultSixMetric = 1024;

    /// <summary>An interface, without its addresses; null when it is not there.</summary>
    public static Link? Find(RouteSocket socket, string name) =>
        Encoding.UTF8.GetByteCount(name) is > 0 and <= LongestName && socket.Get(
            new NetlinkMessage(MessageType.GetLink, MessageFlag.Request, new byte[LinkAttribute.FixedLength]).Add(LinkAttribute.Name, name),
            $"link show {name}") is { } reply
            ? ReadLink(reply)
            : null;

    /// <summary>All interfaces, without their addresses.</summary>
    public static IReadOnlyList<Link> Links(RouteSocket socket) =>
        [.. socket.Dump(MessageType.GetLink, new byte[LinkAttribute.FixedLength], "link show").Select(ReadLink)];

    /// <summary>The addresses by the index of their interface.</summary>
    public static ILookup<int, Cidr> Addresses(RouteSocket socket) =>
        socket.Dump(MessageType.GetAddress, new byte[AddressAttribute.FixedLength], "addr show")
            .Select(r => (Index: MemoryMarshal.Read<int>(r.Payload.Span[4..]), Address: ReadAddress(r)))
            .Where(a => a.Address is not null).ToLookup(a => a.Index, a => a.Address!.Value);

    /// <summary>The main table of a family; what is no plain route to a network is left out.</summary>
    public static IEnumerable<Route> Routes(RouteSocket socket, IpFamily family, IReadOnlyDictionary<int, string> names) =>
        socket.Dump(MessageType.GetRoute, Family(family, RouteAttribute.FixedLength), "route show")
            .Select(r => ReadRoute(r, family, names)).OfType<Route>();

    /// <summary>The permanent neighbours of a family.</summary>
    public static IEnumerable<Neighbour> Neighbours(RouteSocket socket, IpFamily family, IReadOnlyDictionary<int, string> names) =>
        socket.Dump(MessageType.GetNeighbour, Family(family, NeighbourAttribute.FixedLength), "neigh show")
            .Where(IsPermanent).Select(r => ReadNeighbour(r, names)).OfType<Neighbour>();

    /// <summary>Whether a message is about a neighbour that somebody set.</summary>
    public static bool IsPermanent(NetlinkReply reply) =>
        (MemoryMarshal.Read<ushort>(reply.Payload.Span[8..]) & NeighbourAttribute.Permanent) != 0;

    /// <summary>A MAC address as it is on the wire.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static byte[] MacBytes(string mac) => Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));

    private static byte[] Family(IpFamily family, int length)
    {
        var bytes = new byte[length];
        bytes[0] = FamilyNumber.Of(family);
        return bytes;
    }

    private static string MacText(ReadOnlyMemory<byte>? mac) =>
        mac is { } bytes ? string.Join(':', bytes.ToArray().Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture))) : "";

    private static Link ReadLink(NetlinkReply reply)
    {
        var span = reply.Payload.Span;
        var attributes = reply.Attributes(LinkAttribute.FixedLength);
        return new Link(
            attributes.Text(LinkAttribute.Name) ?? "", MacText(attributes.Find(LinkAttribute.Mac)), [], attributes.Number(LinkAttribute.Mtu) ?? 0,
            (MemoryMarshal.Read<int>(span[8..]) & LinkAttribute.Up) != 0, MemoryMarshal.Read<int>(span[4..]),
            attributes.Inside(LinkAttribute.Info).Text(LinkAttribute.InfoKind), attributes.Number(LinkAttribute.Master));
    }

    private static Cidr? ReadAddress(NetlinkReply reply)
    {
        var (family, length, scope) = (reply.Payload.Span[0], reply.Payload.Span[1], reply.Payload.Span[3]);
        var attributes = reply.Attributes(AddressAttribute.FixedLength);
        var flags = attributes.Number(AddressAttribute.Flags) ?? reply.Payload.Span[2];
        if (family != FamilyNumber.Of(IpFamily.V4) && (scope != 0 || (flags & (AddressAttribute.Temporary | AddressAttribute.Deprecated)) != 0))
        {
            return null;
        }

        return (attributes.Find(AddressAttribute.Local) ?? attributes.Find(AddressAttribute.Address)) is { } address
            ? new Cidr(IpAddress.Read(address.Span), length)
            : null;
    }

    private static Route? ReadRoute(NetlinkReply reply, IpFamily family, IReadOnlyDictionary<int, string> names)
    {
        var span = reply.Payload.Span;
        var attributes = reply.Attributes(RouteAttribute.FixedLength);
        if ((attributes.Number(RouteAttribute.Table) ?? span[4]) != RouteAttribute.MainTable || span[7] != RouteAttribute.Unicast ||
            (MemoryMarshal.Read<int>(span[8..]) & ClonedRoute) != 0 ||
            attributes.Number(RouteAttribute.Device) is not { } index || !names.TryGetValue(index, out var device))
        {
            return null;
        }

        var to = attributes.Find(RouteAttribute.Destination) is { } address ? IpAddress.Read(address.Span) : new IpAddress(family, 0);
        var metric = attributes.Number(RouteAttribute.Metric) ?? 0;
        return new Route(
            new Cidr(to, span[1]), Address(attributes.Find(RouteAttribute.Gateway)), device, Address(attributes.Find(RouteAttribute.Source)),
            attributes.Inside(RouteAttribute.Metrics).Number(RouteAttribute.MetricsMtu),
            (family, metric) == (IpFamily.V6, DefaultSixMetric) ? 0 : (uint)metric);
    }

    private static Neighbour? ReadNeighbour(NetlinkReply reply, IReadOnlyDictionary<int, string> names)
    {
        var attributes = reply.Attributes(NeighbourAttribute.FixedLength);
        return Address(attributes.Find(NeighbourAttribute.Address)) is { } address && attributes.Find(NeighbourAttribute.Mac) is { } mac &&
            names.TryGetValue(MemoryMarshal.Read<int>(reply.Payload.Span[4..]), out var device)
            ? new Neighbour(address, MacText(mac), device)
            : null;
    }

    private static IpAddress? Address(ReadOnlyMemory<byte>? bytes) => bytes is { Length: 4 or 16 } address ? IpAddress.Read(address.Span) : null;
}
