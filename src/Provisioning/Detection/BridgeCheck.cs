using Dpf.Provisioning.HostNetwork;
using Dpf.Runtime.Machines;

namespace Dpf.Provisioning.Detection;

/// <summary>Whether a host's management bridge is as its DPU needs it.</summary>
internal static class BridgeCheck
{
    /// <summary>The least metric of a default route by way of the bridge: the overlay's own default route must win.</summary>
    public const int LeastMetric = 2;

    /// <summary>Looks; null when all is well, else what is wrong.</summary>
    public static async Task<string?> ProblemAsync(IMachine machine, CancellationToken cancellation)
    {
        var bridge = await machine.LinkAsync(HostLinks.Bridge, cancellation);
        return Problem(bridge, bridge is null ? [] : await machine.DefaultMetricsAsync(HostLinks.Bridge, cancellation));
    }

    /// <summary>The rule.</summary>
    internal static string? Problem(HostLink? bridge, IReadOnlyList<long> metrics) => bridge switch
    {
        null => $"there is no {HostLinks.Bridge}",
        { Kind: not "bridge" } => $"{HostLinks.Bridge} is no bridge",
        _ when metrics.Count == 0 => $"no default route goes by way of {HostLinks.Bridge}",
        _ when metrics.Min() < LeastMetric => $"a default route by way of {HostLinks.Bridge} has metric {metrics.Min()}; give it {LeastMetric} or more",
        _ => null,
    };
}
