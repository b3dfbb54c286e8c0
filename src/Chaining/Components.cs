using Dpf.Chaining.Agent;
using Dpf.Chaining.DevicePlugin;
using Dpf.Chaining.Flannel;
using Dpf.Chaining.Ipam;
using Dpf.Chaining.Multus;
using Dpf.Chaining.OvsCni;
using Dpf.Chaining.Sets;
using Dpf.Runtime.Hosting;

namespace Dpf.Chaining;

/// <summary>What runs in a DPU cluster, by name.</summary>
public static class Components
{
    /// <summary>The components.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>(StringComparer.Ordinal)
    {
        ["servicechainset-controller"] = new ServiceSetsComponent(),
        ["sfc-controller"] = new SfcComponent(),
        ["flannel"] = new FlannelComponent(),
        ["multus"] = new MultusComponent(),
        ["sriov-device-plugin"] = new DevicePluginComponent(),
        ["nvidia-k8s-ipam"] = new IpamComponent(),
        ["ovs-cni"] = new OvsCniComponent(),
        ["ovs-helper"] = new OvsHelperComponent(),
    };
}
