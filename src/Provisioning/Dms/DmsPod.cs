using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Runtime.Dms;
using k8s.Models;

namespace Dpf.Provisioning.Dms;

/// <summary>The pod on a host that runs DMS for one of its DPUs.</summary>
internal static class DmsPod
{
    /// <summary>The value of the component label.</summary>
    public const string ComponentName = "dms";

    private const string CertificateFolder = "/etc/ssl/certs/server";

    /// <summary>The pod of a DPU.</summary>
    /// <param name="dpu">The DPU.</param>
    /// <param name="taints">The taints of its host that are no obstacle.</param>
    /// <param name="pci">Its PCI address.</param>
    /// <param name="port">The port, which is the host's.</param>
    /// <param name="options">Images and limits.</param>
    public static V1Pod Plan(Dpu dpu, IEnumerable<NodeMark.MarkedTaint> taints, PciAddress pci, int port, ProvisioningOptions options)
    {
        var pod = HostPods.Plan(dpu, taints, DpuNames.DmsPod(dpu), ComponentName, options.ImagePullSecrets);
        pod.Spec.InitContainers =
        [
            HostPods.Privileged("rshim-preflight", options.DmsImage, ["dpf", "run", "rshim-preflight", $"--pci={pci.Full}"]),
            HostPods.Privileged("devlink-grace-period", options.DmsImage, ["dpf", "run", "devlink-grace-period", $"--pci={pci.Full}"]),
        ];
        foreach (var container in pod.Spec.InitContainers)
        {
            container.VolumeMounts = [HostPods.DevicesMount];
        }

        var dms = HostPods.Privileged("dms", options.DmsImage, ["dpf", "run", "dms"]);
        dms.Args =
        [
            string.Create(CultureInfo.InvariantCulture, $"--bind-address=0.0.0.0:{port}"),
            $"--target-pci={pci.Short}",
            $"--pci={pci.Full}",
            "--image-folder=/bfb",
            string.Create(CultureInfo.InvariantCulture, $"--exec-timeout={options.DmsTimeout.TotalSeconds:0}"),
            $"--ca={CertificateFolder}/ca.crt",
            $"--tls-cert={CertificateFolder}/tls.crt",
            $"--tls-key={CertificateFolder}/tls.key",
        ];
        dms.Ports = [new V1ContainerPort { Name = "dms", ContainerPort = port, HostPort = port, Protocol = "TCP" }];
        dms.VolumeMounts =
        [
            new V1VolumeMount { Name = "server-certificate", MountPath = CertificateFolder, ReadOnlyProperty = true },
            new V1VolumeMount { Name = "bfb-volume", MountPath = "/bfb" },
            HostPods.DevicesMount,
        ];
        pod.Spec.Containers = [dms];
        pod.Spec.Volumes =
        [
            new V1Volume { Name = "server-certificate", Secret = new V1SecretVolumeSource { SecretName = DpuNames.ServerSecret(dpu) } },
            new V1Volume
            {
                Name = "bfb-volume",
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = options.BfbVolumeClaim },
            },
            HostPods.DevicesVolume,
        ];
        return pod;
    }

    /// <summary>The port that a pod's DMS listens on.</summary>
    public static int PortOf(V1Pod pod) =>
        pod.Spec.Containers.SelectMany(c => c.Ports ?? []).FirstOrDefault(p => p.Name == "dms")?.ContainerPort ?? DmsMethods.Port;

    /// <summary>A port that no DMS on the host has: they all share the host's network.</summary>
    public static int FreePort(IEnumerable<V1Pod> onHost)
    {
        var taken = onHost.Select(PortOf).ToHashSet();
        var port = DmsMethods.Port;
        while (taken.Contains(port))
        {
            port++;
        }

        return port;
    }
}
