using Dpf.Provisioning.HostNetwork;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Provisioning.Detection;

/// <summary>Whether a host's management bridge is as its DPU needs it.</summary>
internal static class BridgeCheck
{
    /// <summary>The least metric of a default route by way of the bridge: the overlay's own default route must win.</summary>
    public const int LeastMetric = 2;

    /// <summary>Looks; null when all is well, else what is wrong.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static string? Problem(IMachine machine) => Problem(new KernelNetwork(machine).State(IpFamily.V4));

    /// <summary>The rule.</summary>
    internal static string? Problem(NetworkState network)
    {
        var metrics = network.Routes.Where(r => r.Device == DpuHost.Bridge && r.To.Length == 0).Select(r => r.Metric).ToList();
        return network.Links.FirstOrDefault(l => l.Name == DpuHost.Bridge) switch
        {
            null => $"there is no {DpuHost.Bridge}",
            { Kind: not "bridge" } => $"{DpuHost.Bridge} is no bridge",
            _ when metrics.Count == 0 => $"no default route goes by way of {DpuHost.Bridge}",
            _ when metrics.Min() < LeastMetric => $"a default route by way of {DpuHost.Bridge} has metric {metrics.Min()}; give it {LeastMetric} or more",
            _ => null,
        };
    }
}
