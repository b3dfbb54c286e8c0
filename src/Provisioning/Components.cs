using System.Collections.Frozen;
using Dpf.Provisioning.Detection;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.DpuClusters.VirtualAddresses;
using Dpf.Provisioning.HostDms;
using Dpf.Provisioning.HostNetwork;
using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning;

/// <summary>The components of this project.</summary>
public static class Components
{
    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>
    {
        ["provisioning-controller"] = new ProvisioningComponent(),
        ["kamaji-cluster-manager"] = new KamajiClusterManagerComponent(),
        ["static-cluster-manager"] = new StaticClusterManagerComponent(),
        ["keepalived"] = new KeepalivedComponent(),
        ["dpu-detector"] = new DpuDetectorComponent(),
        ["rshim-preflight"] = new RshimPreflightComponent(),
        ["devlink-grace-period"] = new DevlinkGracePeriodComponent(),
        ["dms"] = new DmsComponent(),
        ["host-network"] = new HostNetworkComponent(),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
