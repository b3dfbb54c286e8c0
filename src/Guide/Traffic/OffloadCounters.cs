using System.Globalization;
using System.Text.RegularExpressions;
using Dpf.Guide.Tracing;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;

namespace Dpf.Guide.Traffic;

/// <summary>Counts a pod's bytes at its representor on the DPU, and those in the network of the pod's host.</summary>
/// <param name="client">The management cluster.</param>
/// <param name="switching">The DPU of the pod's node.</param>
/// <param name="pod">The pod, of <see cref="FlowObjects.Namespace"/>.</param>
/// <param name="hostPod">A pod in the network of the same node.</param>
internal sealed partial class OffloadCounters(KubeClient client, NodeSwitching switching, string pod, string hostPod)
{
    // The switch counts what its software forwards (its database lags behind, its ports do not); the driver counts what the function sent
    // and received, whoever forwarded it.
    private const string OnDpu =
        """
        name=$(ovs-vsctl --bare --columns=name find interface "external_ids:iface-id=$0") && [ -n "$name" ] || exit 1
        ovs-ofctl dump-ports "$(ovs-vsctl iface-to-br "$name")" "$name" || exit 1
        ethtool -S "$name" 2>/dev/null | grep -E 'vport_(rx|tx)_bytes' || true
        """;

    /// <summary>The counters now; null when they cannot be read.</summary>
    public async Task<(long Representor, long? Hardware, long Host)?> ReadAsync(CancellationToken cancellation)
    {
        var dpu = await switching.RunAsync(["sh", "-c", OnDpu, $"{FlowObjects.Namespace}_{pod}"], cancellation);
        var host = await client.ExecAsync(FlowObjects.Namespace, hostPod, FlowObjects.Container, ["cat", "/proc/net/dev"], cancellation);
        return dpu.Succeeded && host.Succeeded ? (Representor(dpu.Output), Hardware(dpu.Output), Host(host.Output)) : null;
    }

    /// <summary>Bytes both ways at a port of the switch.</summary>
    internal static long Representor(string text) => Sum(PortBytes().Matches(text));

    /// <summary>Bytes both ways as the hardware counts them; null when it does not.</summary>
    internal static long? Hardware(string text) => Vport().Matches(text) is { Count: > 0 } matches ? Sum(matches) : null;

    /// <summary>Bytes both ways over all interfaces of a node but its loopback.</summary>
    internal static long Host(string text) => text.Split('\n')
        .Select(line => line.Split(':', 2))
        .Where(parts => parts.Length == 2 && parts[0].Trim() != "lo")
        .Select(parts => parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(numbers => numbers.Length > 8)
        .Sum(numbers => long.Parse(numbers[0], CultureInfo.InvariantCulture) + long.Parse(numbers[8], CultureInfo.InvariantCulture));

    private static long Sum(MatchCollection matches) => matches.Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\bbytes=(\d+)", RegexOptions.None, 1000)]
    private static partial Regex PortBytes();

    [GeneratedRegex(@"vport_[rt]x_bytes:\s*(\d+)", RegexOptions.None, 1000)]
    private static partial Regex Vport();
}
