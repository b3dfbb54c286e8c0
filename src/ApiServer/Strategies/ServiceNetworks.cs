using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Dpf.ApiServer.Strategies;

/// <summary>The networks that services get their addresses from, one of each family; the first family is the cluster's own.</summary>
internal sealed class ServiceNetworks
{
    // The first addresses are for services that name theirs, as the API server's own does.
    private const int FirstFree = 10;

    // Of an IPv6 network one looks no further than anybody has services.
    private const int MostAddresses = 1 << 20;
    private readonly List<IPNetwork> _networks;

    /// <param name="cidrs">The networks, separated by commas.</param>
    public ServiceNetworks(string cidrs) =>
        _networks = [.. cidrs.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse)];

    /// <summary>The families, <c>IPv4</c> and <c>IPv6</c>, in the networks' order.</summary>
    public IReadOnlyList<string> Families => [.. _networks.Select(n => FamilyOf(n.BaseAddress))];

    /// <summary>The address of the API server's own service.</summary>
    public string First => At(_networks[0], 1).ToString();

    /// <summary>The family of an address; null for what is none.</summary>
    public static string? FamilyOf(string text) => IPAddress.TryParse(text, out var address) ? FamilyOf(address) : null;

    /// <summary>The addresses of a family that may be handed out.</summary>
    public IEnumerable<string> Candidates(string family)
    {
        var network = _networks.Find(n => FamilyOf(n.BaseAddress) == family);
        var bits = network.BaseAddress.GetAddressBytes().Length * 8;
        var size = bits - network.PrefixLength >= 21 ? MostAddresses : Math.Max(2, 1 << (bits - network.PrefixLength));
        return Enumerable.Range(FirstFree, Math.Max(0, size - 1 - FirstFree)).Select(i => At(network, i).ToString());
    }

    private static string FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static IPAddress At(IPNetwork network, int offset)
    {
        // What is added fits into the last four octets of either.
        var bytes = network.BaseAddress.GetAddressBytes();
        var tail = bytes.AsSpan(^4..);
        BinaryPrimitives.WriteUInt32BigEndian(tail, BinaryPrimitives.ReadUInt32BigEndian(tail) + (uint)offset);
        return new IPAddress(bytes);
    }
}
