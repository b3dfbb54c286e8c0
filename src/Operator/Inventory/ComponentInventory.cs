using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>All components of the system, in the order in which they are deployed.</summary>
public static class ComponentInventory
{
    private const string ManagerImage = "controllerManager.manager.image";

    /// <summary>The components.</summary>
    public static IReadOnlyList<Component> All { get; } =
    [
        Deployment("kamaji-cluster-manager", "kamajiClusterManager", "kamaji-cm-controller-manager", ManagementComponents.KamajiClusterManager),
        Deployment("static-cluster-manager", "staticClusterManager", "static-cm-controller-manager", ManagementComponents.StaticClusterManager)
            with { NeedsBlock = true },
        Deployment(
            "provisioning-controller", "provisioningController", "dpf-provisioning-controller-manager",
            ManagementComponents.ProvisioningController),
        Deployment("dpuservice-controller", "dpuServiceController", "dpuservice-controller-manager", ManagementComponents.DpuServiceController),
        new Component
        {
            Name = "dpudetector",
            Field = "dpuDetector",
            Workload = new Workload("apps/v1", "DaemonSet", "dpf-dpu-detector"),
            Generate = ManagementComponents.DpuDetector,
        },
        DpuService("servicechainset-controller", "serviceSetController", [ManagerImage]),
        DpuService(
            "multus", "multus", ["kubeMultusDs.installMultusBinary.image", "kubeMultusDs.kubeMultus.image"],
            s => ("mtu", DpuServiceComponents.Text(s.HighSpeedMtu))),
        DpuService("sriov-device-plugin", "sriovDevicePlugin", ["kubeSriovDevicePlugin.kubeSriovdp.image"]),
        DpuService("flannel", "flannel", ["flannel.image"], s => ("flannel.mtu", DpuServiceComponents.Text(s.ControlPlaneMtu))),
        DpuService("nvidia-k8s-ipam", "nvipam", ["nvIpam.image"]),
        DpuService("ovs-cni", "ovsCNI", ["arm64.ovsCniMarker.image", "arm64.ovsCniPlugin.image"]),
        DpuService("sfc-controller", "sfcController", [ManagerImage]),
        DpuService("ovs-helper", "ovsHelper", ["ovsHelper.image"]),
    ];

    private static Component Deployment(
        string name, string field, string deployment, Func<SystemSettings, ReleaseDefaults, IReadOnlyList<JsonObject>> generate) => new()
        {
            Name = name,
            Field = field,
            Workload = new Workload("apps/v1", "Deployment", deployment),
            Generate = generate,
        };

    private static Component DpuService(
        string name, string field, IReadOnlyList<string> imagePaths,
        Func<SystemSettings, (string, JsonNode)>? mtu = null) => new()
        {
            Name = name,
            Field = field,
            Workload = new Workload("svc.dpu.nvidia.com/v1alpha1", "DPUService", name),
            Generate = (settings, release) =>
                [DpuServiceComponents.Generate(settings, release, name, field, imagePaths, mtu?.Invoke(settings))],
        };
}
