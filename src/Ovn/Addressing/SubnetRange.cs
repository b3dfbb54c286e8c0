using System.Globalization;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Addressing;

/// <summary>A range that node subnets are cut from.</summary>
/// <param name="Network">The range.</param>
/// <param name="HostLength">The prefix length of each node's subnet.</param>
public sealed record SubnetRange(Cidr Network, int HostLength)
{
    private const int UsualHostLength = 24;

    // The host part of an IPv6 network is 64 bits wide, or nobody could make an address of it (RFC 4291).
    private const int Ipv6HostLength = 64;

    /// <summary>Reads <c>CIDR/plen/hostlen[,…]</c>; a missing hostlen is 24, and 64 for IPv6.</summary>
    /// <exception cref="FormatException">The text or the lengths make no sense.</exception>
    public static IReadOnlyList<SubnetRange> ParseList(string text)
    {
        var ranges = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse).ToList();
        return ranges.Count > 0 ? ranges : throw new FormatException("the pod network is empty; expected CIDR/length[/host length]");
    }

    private static SubnetRange Parse(string text)
    {
        var parts = text.Split('/');
        if (parts.Length is not (2 or 3) || !Cidr.TryParse($"{parts[0]}/{parts[1]}", out var network))
        {
            throw Malformed(text);
        }

        var isSix = network.Family == IpFamily.V6;
        var hostLength = isSix ? Ipv6HostLength : UsualHostLength;
        if (parts.Length == 3 && !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out hostLength))
        {
            throw Malformed(text);
        }

        if (isSix && hostLength != Ipv6HostLength)
        {
            throw new FormatException($"pod network '{text}': the host length of an IPv6 range is {Ipv6HostLength}");
        }

        return hostLength > network.Length && hostLength <= network.Family.Bits
            ? new SubnetRange(network.Network, hostLength)
            : throw new FormatException(
                $"pod network '{text}': the host length {hostLength} must be longer than {network.Length} and at most {network.Family.Bits}");
    }

    private static FormatException Malformed(string text) =>
        new($"pod network '{text}': expected CIDR/length[/host length], e.g. 10.233.64.0/18/24");
}
