using Dpf.Runtime.Addressing;

namespace Dpf.Runtime.Netlink;

/// <summary>A network interface.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Addresses">Its addresses; of IPv6 those that are for more than the link and stay.</param>
/// <param name="Mtu">Its MTU.</param>
/// <param name="IsUp">Whether it is set up.</param>
/// <param name="Index">Its number in its namespace.</param>
/// <param name="Kind">What makes it, e.g. <c>veth</c>; null for a device of the hardware.</param>
/// <param name="Master">The index of the bridge that it is in; null for none.</param>
public sealed record Link(
    string Name, string Mac, IReadOnlyList<Cidr> Addresses, int Mtu = 1500, bool IsUp = true, int Index = 0, string? Kind = null,
    int? Master = null);

/// <summary>A route of the main table.</summary>
/// <param name="To">Where to.</param>
/// <param name="Via">The next hop, if any.</param>
/// <param name="Device">The device.</param>
/// <param name="Source">The preferred source, if any.</param>
/// <param name="Mtu">The route's own MTU, if any.</param>
/// <param name="Metric">The metric; 0 when there is none.</param>
public sealed record Route(Cidr To, IpAddress? Via, string Device, IpAddress? Source = null, int? Mtu = null, long Metric = 0);

/// <summary>A permanent neighbour.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Device">The device.</param>
public sealed record Neighbour(IpAddress Address, string Mac, string Device);

/// <summary>What of a network an agent looks after, as it is now.</summary>
/// <param name="Links">All interfaces.</param>
/// <param name="Routes">The main table.</param>
/// <param name="Neighbours">The permanent ones.</param>
public sealed record NetworkState(IReadOnlyList<Link> Links, IReadOnlyList<Route> Routes, IReadOnlyList<Neighbour> Neighbours)
{
    /// <summary>Whether an interface is up with an MTU.</summary>
    public bool IsUp(string device, int mtu) => Links.Any(l => l.Name == device && l.IsUp && l.Mtu == mtu);

    /// <summary>Whether an interface has an address.</summary>
    public bool Has(string device, Cidr address) => Links.Any(l => l.Name == device && l.Addresses.Contains(address));

    /// <summary>The next hop of a family's default route (of the least metric, over <paramref name="device"/> if given).</summary>
    public IpAddress? DefaultGateway(IpFamily family, string? device = null) => Routes
        .Where(r => r.To.Family == family && r.To.Length == 0 && (device is null || r.Device == device))
        .OrderBy(r => r.Metric).Select(r => r.Via).FirstOrDefault(via => via is not null);
}
