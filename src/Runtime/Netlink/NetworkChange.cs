using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Runtime.Netlink;

/// <summary>A change of a network namespace; its text is the line of an ip(8) batch that does the same, where there is one.</summary>
public abstract record NetworkChange
{
    private protected const ushort Plain = MessageFlag.Request | MessageFlag.Acknowledge;
    private protected const ushort InPlace = Plain | MessageFlag.Create | MessageFlag.Replace;

    /// <summary>Has the kernel carry it out.</summary>
    /// <exception cref="NetlinkException">It refuses.</exception>
    internal abstract void Apply(RouteSocket socket);

    private protected int IndexOf(RouteSocket socket, string device) => KernelTables.Find(socket, device)?.Index
        ?? throw socket.Refusal(ToString(), NetlinkException.NoSuchDevice, $"there is no interface {device}");
}

/// <summary>Gives an interface what is not null, all at once.</summary>
/// <param name="Name">The interface.</param>
public sealed record SetLink(string Name) : NetworkChange
{
    /// <summary>Another name.</summary>
    public string? NewName { get; init; }

    /// <summary>A MAC address.</summary>
    public string? Mac { get; init; }

    /// <summary>An MTU.</summary>
    public int? Mtu { get; init; }

    /// <summary>The bridge that it is put into.</summary>
    public string? Master { get; init; }

    /// <summary>Up or down. A move to another namespace takes it down.</summary>
    public bool? IsUp { get; init; }

    /// <summary>Another namespace, in which it arrives under its new name.</summary>
    public INetworkNamespace? Namespace { get; init; }

    /// <inheritdoc />
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"link set {Name}{Part("name", NewName)}{Part("address", Mac)}{Part("mtu", Mtu)}{Part("master", Master)}{(IsUp is { } up ? up ? " up" : " down" : "")}{Part("netns", Namespace?.Path)}");

    internal override void Apply(RouteSocket socket)
    {
        Span<byte> fixedPart = stackalloc byte[LinkAttribute.FixedLength];
        MemoryMarshal.Write(fixedPart[4..], IndexOf(socket, Name));
        if (IsUp is { } up)
        {
            MemoryMarshal.Write(fixedPart[8..], up ? LinkAttribute.Up : 0);
            MemoryMarshal.Write(fixedPart[12..], LinkAttribute.Up);
        }

        var message = new NetlinkMessage(MessageType.NewLink, Plain, fixedPart);
        using var target = Namespace is null ? null : NetworkNamespace.Open(Namespace.Path);
        if (target is not null)
        {
            message.Add(LinkAttribute.NamespaceDescriptor, (int)target.DangerousGetHandle());
        }

        if (NewName is not null)
        {
            message.Add(LinkAttribute.Name, NewName);
        }

        if (Mac is not null)
        {
            message.Add(LinkAttribute.Mac, KernelTables.MacBytes(Mac));
        }

        if (Mtu is { } mtu)
        {
            message.Add(LinkAttribute.Mtu, mtu);
        }

        if (Master is not null)
        {
            message.Add(LinkAttribute.Master, IndexOf(socket, Master));
        }

        socket.Change(message, ToString());
    }

    private static string Part(string word, object? value) =>
        value is null ? "" : string.Create(CultureInfo.InvariantCulture, $" {word} {value}");
}

/// <summary>Makes a pair of virtual interfaces, one of which may be in another namespace.</summary>
/// <param name="Name">The one here.</param>
/// <param name="Peer">The other.</param>
/// <param name="PeerNamespace">Where the other is; null for here.</param>
/// <param name="Mtu">The MTU of both.</param>
public sealed record AddVeth(string Name, string Peer, INetworkNamespace? PeerNamespace, int Mtu) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"link add {Name} mtu {Mtu} type veth peer name {Peer} mtu {Mtu}{(PeerNamespace is null ? "" : $" netns {PeerNamespace.Path}")}");

    internal override void Apply(RouteSocket socket)
    {
        using var target = PeerNamespace is null ? null : NetworkNamespace.Open(PeerNamespace.Path);
        var message = new NetlinkMessage(
            MessageType.NewLink, Plain | MessageFlag.Create | MessageFlag.Exclusive, new byte[LinkAttribute.FixedLength]);
        message.Add(LinkAttribute.Name, Name).Add(LinkAttribute.Mtu, Mtu).Nest(LinkAttribute.Info, info => info
            .Add(LinkAttribute.InfoKind, "veth").Nest(LinkAttribute.InfoData, data => data.Nest(LinkAttribute.VethPeer, peer =>
            {
                peer.Raw(new byte[LinkAttribute.FixedLength]).Add(LinkAttribute.Name, Peer).Add(LinkAttribute.Mtu, Mtu);
                if (target is not null)
                {
                    peer.Add(LinkAttribute.NamespaceDescriptor, (int)target.DangerousGetHandle());
                }
            })));
        socket.Change(message, ToString());
    }
}

/// <summary>
/// Tells the neighbours of an interface's IPv4 addresses, by a gratuitous ARP for each: whoever knew them at another MAC address
/// learns the new one. From here on the kernel does it by itself when the interface comes up or gets another MAC address.
/// </summary>
/// <param name="Name">The interface.</param>
public sealed record AnnounceAddresses(string Name) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => $"announce the addresses of {Name}";

    internal override void Apply(RouteSocket socket)
    {
        var link = KernelTables.Find(socket, Name)
            ?? throw socket.Refusal(ToString(), NetlinkException.NoSuchDevice, $"there is no interface {Name}");
        Change(message => message.Nest(LinkAttribute.FamilySpecific, families => families.Nest(
            (ushort)AddressFamily.InterNetwork, family => family.Nest(LinkAttribute.InternetSettings, settings => settings.Add(LinkAttribute.ArpNotify, 1)))));

        // arp_notify of ip-sysctl.txt: the word goes out when the MAC address changes, and to the kernel the same one is a change.
        Change(message => message.Add(LinkAttribute.Mac, KernelTables.MacBytes(link.Mac)));

        void Change(Action<NetlinkMessage> fill)
        {
            Span<byte> fixedPart = stackalloc byte[LinkAttribute.FixedLength];
            MemoryMarshal.Write(fixedPart[4..], link.Index);
            var message = new NetlinkMessage(MessageType.NewLink, Plain, fixedPart);
            fill(message);
            socket.Change(message, ToString());
        }
    }
}

/// <summary>Removes an interface.</summary>
/// <param name="Name">The interface.</param>
public sealed record DeleteLink(string Name) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => $"link delete {Name}";

    internal override void Apply(RouteSocket socket)
    {
        Span<byte> fixedPart = stackalloc byte[LinkAttribute.FixedLength];
        MemoryMarshal.Write(fixedPart[4..], IndexOf(socket, Name));
        socket.Change(new NetlinkMessage(MessageType.DeleteLink, Plain, fixedPart), ToString());
    }
}

/// <summary>
/// Gives an interface an address. Nobody else has an address that was allotted: to look for others first, as IPv6 does, would only
/// mean that it cannot be used for a while.
/// </summary>
/// <param name="Address">The address with the length of its network.</param>
/// <param name="Device">The interface.</param>
public sealed record SetAddress(Cidr Address, string Device) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => $"addr replace {Address} dev {Device}{(Address.Family == IpFamily.V6 ? " nodad" : "")}";

    internal override void Apply(RouteSocket socket) =>
        socket.Change(Message(MessageType.NewAddress, InPlace, Address, IndexOf(socket, Device)), ToString());

    internal static NetlinkMessage Message(ushort type, ushort flags, Cidr address, int index)
    {
        Span<byte> fixedPart = stackalloc byte[AddressAttribute.FixedLength];
        (fixedPart[0], fixedPart[1]) = (FamilyNumber.Of(address.Family), (byte)address.Length);
        fixedPart[2] = (byte)(address.Family == IpFamily.V6 ? AddressAttribute.WithoutDetection : 0);
        MemoryMarshal.Write(fixedPart[4..], index);
        return new NetlinkMessage(type, flags, fixedPart)
            .Add(AddressAttribute.Local, address.Address.Bytes).Add(AddressAttribute.Address, address.Address.Bytes);
    }
}

/// <summary>Takes an address from an interface.</summary>
/// <param name="Address">The address with the length of its network.</param>
/// <param name="Device">The interface.</param>
public sealed record DeleteAddress(Cidr Address, string Device) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => $"addr del {Address} dev {Device}";

    internal override void Apply(RouteSocket socket) =>
        socket.Change(SetAddress.Message(MessageType.DeleteAddress, Plain, Address, IndexOf(socket, Device)), ToString());
}

/// <summary>Sets a route, in the place of one to the same destination with the same metric.</summary>
/// <param name="Route">The route.</param>
public sealed record SetRoute(Route Route) : NetworkChange
{
    /// <summary>The table that it belongs to; the main one by default.</summary>
    public int Table { get; init; } = RouteAttribute.MainTable;

    /// <inheritdoc />
    public override string ToString()
    {
        var via = Route.Via is { } hop ? $" via {hop}" : "";
        var source = Route.Source is { } address ? $" src {address}" : "";
        var to = Route.To.Length == 0 ? "default" : Route.To.ToString();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"route replace {to}{via} dev {Route.Device}{source}{(Route.Metric > 0 ? $" metric {Route.Metric}" : "")}{(Route.Mtu is { } mtu ? $" mtu {mtu}" : "")}{(Table == RouteAttribute.MainTable ? "" : $" table {Table}")}");
    }

    internal override void Apply(RouteSocket socket)
    {
        var family = Route.To.Family;
        var message = new NetlinkMessage(
            MessageType.NewRoute, InPlace,
            [
                FamilyNumber.Of(family), (byte)Route.To.Length, 0, 0, 0, RouteAttribute.SetByHand,
                family == IpFamily.V4 && Route.Via is null ? RouteAttribute.LinkScope : (byte)0, RouteAttribute.Unicast, 0, 0, 0, 0,
            ]);
        if (Route.To.Length > 0)
        {
            message.Add(RouteAttribute.Destination, Route.To.Network.Address.Bytes);
        }

        message.Add(RouteAttribute.Table, Table).Add(RouteAttribute.Device, IndexOf(socket, Route.Device));
        if (Route.Via is { } via)
        {
            message.Add(RouteAttribute.Gateway, via.Bytes);
        }

        if (Route.Source is { } source)
        {
            message.Add(RouteAttribute.Source, source.Bytes);
        }

        if (Route.Metric > 0)
        {
            message.Add(RouteAttribute.Metric, (int)Route.Metric);
        }

        if (Route.Mtu is { } mtu)
        {
            message.Nest(RouteAttribute.Metrics, metrics => metrics.Add(RouteAttribute.MetricsMtu, mtu));
        }

        socket.Change(message, ToString());
    }
}

/// <summary>Has packets with a bit of their mark look for their route in a table first.</summary>
/// <param name="Family">The packets' family.</param>
/// <param name="Mark">The bit.</param>
/// <param name="Table">The table; its number is also the rule's preference, so that the rule is there once.</param>
public sealed record SetRule(IpFamily Family, int Mark, int Table) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Family == IpFamily.V6 ? "-6 " : "")}rule add pref {Table} fwmark {Mark}/{Mark} lookup {Table}");

    internal override void Apply(RouteSocket socket)
    {
        var message = new NetlinkMessage(
            MessageType.NewRule, Plain | MessageFlag.Create | MessageFlag.Exclusive,
            [FamilyNumber.Of(Family), 0, 0, 0, 0, 0, 0, RuleAttribute.ToTable, 0, 0, 0, 0]);
        message.Add(RuleAttribute.Preference, Table).Add(RuleAttribute.Mark, Mark).Add(RuleAttribute.MarkMask, Mark).Add(RuleAttribute.Table, Table);
        try
        {
            socket.Change(message, ToString());
        }
        catch (NetlinkException e) when (e.IsThereAlready)
        {
            // The very same rule: the kernel compares all of it.
        }
    }
}

/// <summary>Sets a permanent neighbour.</summary>
/// <param name="Neighbour">The neighbour.</param>
public sealed record SetNeighbour(Neighbour Neighbour) : NetworkChange
{
    /// <inheritdoc />
    public override string ToString() =>
        $"neigh replace {Neighbour.Address} lladdr {Neighbour.Mac} dev {Neighbour.Device} nud permanent";

    internal override void Apply(RouteSocket socket)
    {
        Span<byte> fixedPart = stackalloc byte[NeighbourAttribute.FixedLength];
        fixedPart[0] = FamilyNumber.Of(Neighbour.Address.Family);
        MemoryMarshal.Write(fixedPart[4..], IndexOf(socket, Neighbour.Device));
        MemoryMarshal.Write(fixedPart[8..], NeighbourAttribute.Permanent);
        var message = new NetlinkMessage(MessageType.NewNeighbour, InPlace, fixedPart)
            .Add(NeighbourAttribute.Address, Neighbour.Address.Bytes).Add(NeighbourAttribute.Mac, KernelTables.MacBytes(Neighbour.Mac));
        socket.Change(message, ToString());
    }
}
