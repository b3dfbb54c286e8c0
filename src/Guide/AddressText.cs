namespace Dpf.Guide;

/// <summary>Addresses as users and tools write them.</summary>
public static class AddressText
{
    /// <summary>Whether an address is of IPv6.</summary>
    public static bool IsSix(string address) => address.Contains(':', StringComparison.Ordinal);

    /// <summary>An address with a port: <c>a.b.c.d:port</c> or <c>[a::b]:port</c> (RFC 3986, 3.2.2).</summary>
    public static string At(string address, int port) => IsSix(address) ? $"[{address}]:{port}" : $"{address}:{port}";

    /// <summary>A family for people.</summary>
    public static string Family(bool six) => six ? "IPv6" : "IPv4";
}
