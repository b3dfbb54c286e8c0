using Dpf.Runtime.Addressing;

namespace Dpf.Runtime.Netlink;

/// <summary>Types of messages (netlink(7), rtnetlink(7)).</summary>
internal static class MessageType
{
    public const ushort Error = 2;
    public const ushort Done = 3;
    public const ushort NewLink = 16;
    public const ushort DeleteLink = 17;
    public const ushort GetLink = 18;
    public const ushort NewAddress = 20;
    public const ushort DeleteAddress = 21;
    public const ushort GetAddress = 22;
    public const ushort NewRoute = 24;
    public const ushort GetRoute = 26;
    public const ushort NewNeighbour = 28;
    public const ushort DeleteNeighbour = 29;
    public const ushort GetNeighbour = 30;
    public const ushort NewRule = 32;
}

/// <summary>Flags of messages (netlink(7)).</summary>
internal static class MessageFlag
{
    public const ushort Request = 0x1;
    public const ushort Acknowledge = 0x4;

    /// <summary>In an answer: it changed while it was told.</summary>
    public const ushort Interrupted = 0x10;

    /// <summary>In an error: attributes follow that say more.</summary>
    public const ushort Explained = 0x200;

    public const ushort Dump = 0x300;
    public const ushort Replace = 0x100;
    public const ushort Create = 0x400;
    public const ushort Exclusive = 0x200;
}

/// <summary>Families of addresses (<c>linux/socket.h</c>).</summary>
internal static class FamilyNumber
{
    public static byte Of(IpFamily family) => (byte)(family == IpFamily.V4 ? 2 : 10);
}

/// <summary>Attributes and flags of interfaces (<c>linux/if_link.h</c>, netdevice(7)).</summary>
internal static class LinkAttribute
{
    public const int FixedLength = 16;
    public const ushort Mac = 1;
    public const ushort Name = 3;
    public const ushort Mtu = 4;
    public const ushort Master = 10;
    public const ushort Info = 18;
    public const ushort InfoKind = 1;
    public const ushort InfoData = 2;
    public const ushort VethPeer = 1;
    public const ushort FamilySpecific = 26;
    public const ushort NamespaceDescriptor = 28;
    public const ushort InternetSettings = 1;
    public const ushort ArpNotify = 22;
    public const int Up = 1;
}

/// <summary>Attributes and flags of addresses (<c>linux/if_addr.h</c>).</summary>
internal static class AddressAttribute
{
    public const int FixedLength = 8;
    public const ushort Address = 1;
    public const ushort Local = 2;
    public const ushort Flags = 8;
    public const int Temporary = 0x1;
    public const int WithoutDetection = 0x2;
    public const int Deprecated = 0x20;
}

/// <summary>Attributes and values of routes (rtnetlink(7)).</summary>
internal static class RouteAttribute
{
    public const int FixedLength = 12;
    public const ushort Destination = 1;
    public const ushort Device = 4;
    public const ushort Gateway = 5;
    public const ushort Metric = 6;
    public const ushort Source = 7;
    public const ushort Metrics = 8;
    public const ushort MetricsMtu = 2;
    public const ushort Table = 15;
    public const byte MainTable = 254;
    public const byte SetByHand = 3;
    public const byte LinkScope = 253;
    public const byte Unicast = 1;
}

/// <summary>Attributes and values of the rules by which a table of routes is chosen (<c>linux/fib_rules.h</c>).</summary>
internal static class RuleAttribute
{
    public const ushort Preference = 6;
    public const ushort Mark = 10;
    public const ushort Table = 15;
    public const ushort MarkMask = 16;
    public const byte ToTable = 1;
}

/// <summary>Attributes and values of neighbours (rtnetlink(7)).</summary>
internal static class NeighbourAttribute
{
    public const int FixedLength = 12;
    public const ushort Address = 1;
    public const ushort Mac = 2;
    public const ushort Permanent = 0x80;
}
