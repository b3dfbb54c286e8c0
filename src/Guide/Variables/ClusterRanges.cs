using System.Net;
using System.Net.Sockets;

namespace Dpf.Guide.Variables;

/// <summary>The range that pods or services have their addresses from, and in a dual-stack cluster that of IPv6 beside it.</summary>
/// <param name="Four">The IPv4 range.</param>
/// <param name="Six">The IPv6 range, if there is one.</param>
public sealed record ClusterRanges(IPNetwork Four, IPNetwork? Six)
{
    /// <summary>The prefix length of each node's IPv4 subnet; the guide's manifests say so.</summary>
    public const int NodeLength = 24;

    /// <summary>That of its IPv6 subnet.</summary>
    public const int NodeLengthSix = 64;

    /// <summary>Whether there are both.</summary>
    public bool IsDual => Six is not null;

    /// <summary>All there are.</summary>
    public IEnumerable<IPNetwork> All => Six is { } six ? [Four, six] : [Four];

    /// <summary>
    /// As a pod range is written for the guide's manifests: they add the length of the nodes' IPv4 subnets to the end, so that range
    /// comes last.
    /// </summary>
    public string ForPods => Six is { } six ? $"{six}/{NodeLengthSix},{Four}" : Four.ToString();

    /// <summary>As a service range is written: the cluster's own family comes first.</summary>
    public string ForServices => string.Join(',', All);

    /// <summary>Reads one range or two, each with or without the length of the nodes' subnets.</summary>
    /// <exception cref="FormatException">They are not that; the message says why.</exception>
    public static ClusterRanges Read(string text)
    {
        var ranges = text.Split(',', StringSplitOptions.TrimEntries).Select(Range).ToList();
        var four = ranges.Where(r => r.BaseAddress.AddressFamily == AddressFamily.InterNetwork).ToList();
        var six = ranges.Where(r => r.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6).ToList();
        return four.Count == 1 && six.Count <= 1
            ? new ClusterRanges(four[0], six.Count == 1 ? six[0] : null)
            : throw new FormatException("give one IPv4 network, and for dual stack one IPv6 network beside it");
    }

    private static IPNetwork Range(string text)
    {
        var parts = text.Split('/');
        if (parts.Length is not (2 or 3) || !IPNetwork.TryParse($"{parts[0]}/{parts[1]}", out var network) || network.ToString() != $"{parts[0]}/{parts[1]}")
        {
            throw new FormatException("not a network in CIDR form (address/prefix with no host bits set); e.g. 10.10.10.0/24");
        }

        var length = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? NodeLength : NodeLengthSix;
        return parts.Length == 2 || parts[2] == $"{length}"
            ? network
            : throw new FormatException($"every node takes a /{length} of {network}, not a /{parts[2]}");
    }
}
