using System.Globalization;
using System.Net.WebSockets;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Provisioning.Flavors;
using Dpf.Provisioning.HostNetwork;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>The pod that makes a DPU's virtual functions on its host and connects the DPU to the management network.</summary>
internal static class HostNetworkPod
{
    private const int UsualVfs = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The pod of a DPU.</summary>
    /// <param name="dpu">The DPU.</param>
    /// <param name="taints">The taints of its host that are no obstacle.</param>
    /// <param name="pci">Its PCI address.</param>
    /// <param name="flavor">Says how many virtual functions there are.</param>
    /// <param name="mtu">The MTU of the first one.</param>
    /// <param name="options">Images.</param>
    public static V1Pod Plan(
        Dpu dpu, IEnumerable<NodeMark.MarkedTaint> taints, PciAddress pci, DpuFlavorSpec flavor, int mtu, ProvisioningOptions options)
    {
        var pod = HostPods.Plan(dpu, taints, DpuNames.HostNetworkPod(dpu), "hostnetwork", options.ImagePullSecrets);
        var container = HostPods.Privileged("hostnetwork", options.HostNetworkImage, ["dpf", "run", "host-network"]);
        container.Env =
        [
            new V1EnvVar { Name = "device_pci_address", Value = pci.Full },
            new V1EnvVar { Name = "num_of_vfs", Value = (FlavorParameters.NumberOfVfs(flavor) ?? UsualVfs).ToString(CultureInfo.InvariantCulture) },
            new V1EnvVar { Name = "vf_mtu", Value = mtu.ToString(CultureInfo.InvariantCulture) },
        ];
        container.ReadinessProbe = new V1Probe
        {
            Exec = new V1ExecAction { Command = ["cat", HostNetworkComponent.ReadyFile] },
            PeriodSeconds = 1,
        };
        container.VolumeMounts = [HostPods.DevicesMount];
        pod.Spec.Containers = [container];
        pod.Spec.Volumes = [HostPods.DevicesVolume];
        return pod;
    }

    /// <summary>Whether a pod was told all that a plan tells. What others have added to it, and its image, are of no account.</summary>
    public static bool DoesAs(V1Pod pod, V1Pod plan)
    {
        var told = (pod.Spec.Containers[0].Env ?? []).Select(e => (e.Name, e.Value)).ToHashSet();
        return plan.Spec.Containers[0].Env.All(e => told.Contains((e.Name, e.Value)));
    }

    /// <summary>Why it is not ready: what its containers' states say, or else what it says itself of the host.</summary>
    public static async Task<string> WhyAsync(DpuScope scope, V1Pod pod, CancellationToken cancellation) =>
        HostPods.Trouble(pod) ??
        (pod.Status?.Phase != "Running" ? pod.Status?.Phase ?? "made"
            : await SaysAsync(scope, pod, cancellation) ?? "runs, but the network is not set up yet; its log says what it waits for");

    /// <summary>What it says of the host; null when it says nothing, or does not answer.</summary>
    public static async Task<string?> SaysAsync(DpuScope scope, V1Pod pod, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = scope.Tools.Time.CreateTimer(_ => limit.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            var said = await scope.Tools.Client.ExecAsync(
                pod.Metadata.NamespaceProperty, pod.Metadata.Name, "hostnetwork", ["cat", HostNetworkComponent.SaysFile], limit.Token);
            return said.Succeeded && said.Output.Trim() is { Length: > 0 } words ? words : null;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or WebSocketException or PodExecException or IOException ||
            (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }
}
