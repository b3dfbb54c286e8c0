using Dpf.Lab.Addons.Argo;
using Dpf.Lab.Addons.Certificates;
using Dpf.Lab.Addons.Features;
using Dpf.Lab.Addons.Kamaji;
using Dpf.Lab.Addons.Maintenance;
using Dpf.Lab.Addons.Multus;
using Dpf.Lab.Addons.Sriov;
using Dpf.Lab.Addons.Storage;
using Dpf.Runtime.Hosting;

namespace Dpf.Lab.Addons;

/// <summary>The lab's stand-ins for other projects' components, behind the same kinds, names and labels.</summary>
public static class Components
{
    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>(StringComparer.Ordinal)
    {
        ["cert-manager"] = new CertManagerComponent(),
        ["local-path-provisioner"] = new LocalPathComponent(),
        ["nfd-worker"] = new FeatureWorkerComponent(),
        ["nfd-master"] = new FeatureMasterComponent(),
        ["network-operator"] = new NetworkOperatorComponent(),
        ["sriov-config-daemon"] = new ConfigDaemonComponent(),
        ["sriov-network-device-plugin"] = new DevicePluginComponent(),
        ["kube-multus"] = new KubeMultusComponent(),
        ["maintenance-operator"] = new MaintenanceComponent(),
    };

    /// <summary>Those that need a part from elsewhere: an API server to host, a renderer of charts.</summary>
    public static IReadOnlyDictionary<string, IComponent> With(IApiServerLauncher launcher, IChartRenderer renderer) =>
        new Dictionary<string, IComponent>(All, StringComparer.Ordinal)
        {
            ["kamaji"] = new KamajiComponent(launcher),
            ["argocd-application-controller"] = new ApplicationControllerComponent(renderer),
        };
}
