using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.Node;

/// <summary>A route of the main table.</summary>
/// <param name="To">Where to.</param>
/// <param name="Via">The next hop, if any.</param>
/// <param name="Device">The device.</param>
/// <param name="Source">The preferred source, if any.</param>
/// <param name="Mtu">The route's own MTU, if any.</param>
/// <param name="Metric">The metric; 0 when there is none.</param>
public sealed record Route(Cidr To, IpAddress? Via, string Device, IpAddress? Source, int? Mtu, long Metric = 0);

/// <summary>A permanent neighbour.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Device">The device.</param>
public sealed record Neighbour(IpAddress Address, string Mac, string Device);

/// <summary>What of a machine's network an agent looks after, as it is now.</summary>
/// <param name="Links">All interfaces.</param>
/// <param name="Routes">The main table.</param>
/// <param name="Neighbours">The permanent ones.</param>
public sealed record KernelState(
    IReadOnlyList<Link> Links, IReadOnlyList<Route> Routes, IReadOnlyList<Neighbour> Neighbours)
{
    /// <summary>Whether an interface is up with an MTU.</summary>
    public bool IsUp(string device, int mtu) => Links.Any(l => l.Name == device && l.IsUp && l.Mtu == mtu);

    /// <summary>Whether an interface has an address.</summary>
    public bool Has(string device, Cidr address) => Links.Any(l => l.Name == device && l.Addresses.Contains(address));

    // IPv6 routes always have one; this is the kernel's where nobody said any.
    private const long DefaultSixMetric = 1024;

    /// <summary>Reads what <c>ip -json -4|-6 route show</c> prints; what is no plain route to a network is left out.</summary>
    public static IReadOnlyList<Route> ReadRoutes(string json, IpFamily family) =>
    [
        .. Items(json).Select(r => Destination((string?)r["dst"], family) is { } to && (string?)r["dev"] is { } device
            ? new Route(
                to, Address(r["gateway"]), device, Address(r["prefsrc"]),
                (r["metrics"] as JsonArray ?? []).Select(m => (int?)m?["mtu"]).FirstOrDefault(m => m is not null),
                (long?)r["metric"] is { } metric && (family, metric) != (IpFamily.V6, DefaultSixMetric) ? metric : 0)
            : null).OfType<Route>(),
    ];

    /// <summary>Reads what <c>ip -json -4|-6 neigh show nud permanent</c> prints.</summary>
    public static IReadOnlyList<Neighbour> ReadNeighbours(string json) =>
    [
        .. Items(json).Select(n => Address(n["dst"]) is { } address && (string?)n["lladdr"] is { } mac && (string?)n["dev"] is { } device
            ? new Neighbour(address, mac, device)
            : null).OfType<Neighbour>(),
    ];

    private static IEnumerable<JsonObject> Items(string json) =>
        string.IsNullOrWhiteSpace(json) ? [] : JsonNode.Parse(json)!.AsArray().OfType<JsonObject>();

    private static IpAddress? Address(JsonNode? node) => IpAddress.ParseOrNull((string?)node);

    private static Cidr? Destination(string? text, IpFamily family) => text switch
    {
        null => null,
        "default" => new Cidr(new IpAddress(family, 0), 0),
        _ when IpAddress.TryParse(text, out var host) => host.Alone,
        _ => Cidr.ParseOrNull(text),
    };
}
