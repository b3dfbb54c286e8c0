using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Pods;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>What the pods that work for a DPU on its host have in common.</summary>
internal static class HostPods
{
    /// <summary>The host's devices.</summary>
    public static V1Volume DevicesVolume => new() { Name = "dev", HostPath = new V1HostPathVolumeSource { Path = "/dev", Type = "Directory" } };

    /// <summary>Where containers see them.</summary>
    public static V1VolumeMount DevicesMount => new() { Name = "dev", MountPath = "/dev" };

    /// <summary>A pod on the DPU's host, whatever state the host is in, without containers yet.</summary>
    /// <param name="dpu">The DPU.</param>
    /// <param name="taints">The taints of the host that are no obstacle.</param>
    /// <param name="name">Its name.</param>
    /// <param name="component">The value of its component label.</param>
    /// <param name="pullSecrets">What its images are fetched with.</param>
    public static V1Pod Plan(
        Dpu dpu, IEnumerable<NodeMark.MarkedTaint> taints, string name, string component, IEnumerable<string> pullSecrets) => new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = dpu.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string> { [ProvisioningLabels.Component] = component },
                OwnerReferences = [OwnerReference(dpu)],
            },
            Spec = new V1PodSpec
            {
                HostNetwork = true,
                Affinity = new V1Affinity
                {
                    NodeAffinity = new V1NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = PodPlacement.OnlyOn(dpu.Spec.NodeName) },
                },
                Tolerations = Tolerations(taints),
                ImagePullSecrets = [.. pullSecrets.Select(s => new V1LocalObjectReference { Name = s })],
            },
        };

    /// <summary>A container that may do what root may.</summary>
    public static V1Container Privileged(string name, string image, IList<string> command) => new()
    {
        Name = name,
        Image = image,
        Command = command,
        SecurityContext = new V1SecurityContext { Privileged = true },
    };

    /// <summary>Whether a pod's containers are ready.</summary>
    public static bool IsReady(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && ReadyCondition.IsReady(pod);

    /// <summary>Whether a pod runs no more and never will: evicted, refused by its kubelet, or ended when its host went down.</summary>
    public static bool HasEnded(V1Pod pod) => pod.Status?.Phase is "Failed" or "Succeeded";

    /// <summary>Whether no node takes a pod, and its host never will: it has taints that were not foreseen when the pod was made.</summary>
    public static bool IsKeptOut(V1Pod pod, IEnumerable<NodeMark.MarkedTaint> taints) =>
        string.IsNullOrEmpty(pod.Spec.NodeName) && !taints.All(t => t.IsToleratedBy(pod));

    /// <summary>Why a pod does not run, as its containers' states say; null when they say nothing.</summary>
    public static string? Trouble(V1Pod pod)
    {
        var statuses = (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []).ToList();
        foreach (var status in statuses)
        {
            var ended = status.State?.Terminated is { ExitCode: not 0 } now ? now : status.LastState?.Terminated is { ExitCode: not 0 } last ? last : null;
            if (ended is not null && status.State?.Running is null)
            {
                return $"container {status.Name} exited with {ended.ExitCode}{(string.IsNullOrEmpty(ended.Message) ? "" : ": " + ended.Message.Trim())}";
            }

            if (status.State?.Waiting is { Reason: not (null or "" or "PodInitializing" or "ContainerCreating") } waiting)
            {
                return $"container {status.Name}: {waiting.Reason}{(string.IsNullOrEmpty(waiting.Message) ? "" : ": " + waiting.Message)}";
            }
        }

        return pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled" && c.Status == "False")?.Message;
    }

    private static V1OwnerReference OwnerReference(Dpu dpu) => new()
    {
        ApiVersion = dpu.ApiVersion,
        Kind = dpu.Kind,
        Name = dpu.Metadata.Name,
        Uid = dpu.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };

    private static List<V1Toleration> Tolerations(IEnumerable<NodeMark.MarkedTaint> taints)
    {
        List<V1Toleration> tolerations =
        [
            new() { Key = "node.kubernetes.io/not-ready", OperatorProperty = "Exists", Effect = "NoExecute" },
            new() { Key = "node.kubernetes.io/not-ready", OperatorProperty = "Exists", Effect = "NoSchedule" },
            new() { Key = "node.kubernetes.io/unreachable", OperatorProperty = "Exists", Effect = "NoExecute" },
            new() { Key = "node.kubernetes.io/unschedulable", OperatorProperty = "Exists", Effect = "NoSchedule" },

            // A host whose DPU is gone has no network for pods until it is installed again: by these pods.
            new() { Key = "node.kubernetes.io/network-unavailable", OperatorProperty = "Exists", Effect = "NoSchedule" },
        ];
        return [.. tolerations, .. taints.Select(t => new V1Toleration { Key = t.Key, OperatorProperty = "Equal", Value = t.Value, Effect = t.Effect })];
    }
}
