using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Flavors;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>The pod that makes a DPU's virtual functions on its host and connects the DPU to the management network.</summary>
internal static class HostNetworkPod
{
    private const int UsualVfs = 16;

    /// <summary>The pod of a DPU.</summary>
    /// <param name="dpu">The DPU.</param>
    /// <param name="pci">Its PCI address.</param>
    /// <param name="flavor">Says how many virtual functions there are.</param>
    /// <param name="mtu">The MTU of the first one.</param>
    /// <param name="options">Images.</param>
    public static V1Pod Plan(Dpu dpu, PciAddress pci, DpuFlavorSpec flavor, int mtu, ProvisioningOptions options)
    {
        var pod = HostPods.Plan(dpu, DpuNames.HostNetworkPod(dpu), "hostnetwork", options.ImagePullSecrets);
        var container = HostPods.Privileged("hostnetwork", options.HostNetworkImage, ["dpf", "run", "host-network"]);
        container.Env =
        [
            new V1EnvVar { Name = "device_pci_address", Value = pci.Full },
            new V1EnvVar { Name = "num_of_vfs", Value = (FlavorParameters.NumberOfVfs(flavor) ?? UsualVfs).ToString(CultureInfo.InvariantCulture) },
            new V1EnvVar { Name = "vf_mtu", Value = mtu.ToString(CultureInfo.InvariantCulture) },
        ];
        container.ReadinessProbe = new V1Probe
        {
            Exec = new V1ExecAction { Command = ["cat", "/run/dpf/hostnetwork-ready"] },
            PeriodSeconds = 1,
        };
        container.VolumeMounts = [HostPods.DevicesMount];
        pod.Spec.Containers = [container];
        pod.Spec.Volumes = [HostPods.DevicesVolume];
        return pod;
    }
}
