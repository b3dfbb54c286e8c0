using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The DPU is a node of its cluster; it stays in this phase even while the node is not ready.</summary>
internal static class ReadyPhase
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        await scope.Tools.Effects.UndoAsync(scope, cancellation);
        V1Pod?[] pods = [await scope.Tools.Pods.DmsAsync(scope, cancellation), await scope.Tools.Pods.HostNetworkAsync(scope, cancellation)];
        var step = await NodeAsync(scope, cancellation);

        // One that has ended tells nothing more; it is made anew the next time.
        return pods.Any(p => p is not null && HostPods.HasEnded(p)) ? step with { After = PodKeeper.Rest } : step;
    }

    private static async Task<Step> NodeAsync(DpuScope scope, CancellationToken cancellation)
    {
        V1Node? node;
        try
        {
            node = (await scope.Tools.Clusters.NodesAsync(scope.Dpu, cancellation)).Get(null, scope.Dpu.Metadata.Name);
            if (node is not null)
            {
                await DpuNode.LabelAsync(scope, node, cancellation);
            }
        }
        catch (DpuClusterException e)
        {
            return new Step.Wait("DPUClusterClientGetError", e.Message) { After = Look, IsTrouble = true };
        }

        if (node is null)
        {
            return new Step.Wait("DPUNodeGetError", $"node {scope.Dpu.Metadata.Name} is gone from DPUCluster {ClusterAllocation.Of(scope.Dpu)}") { IsTrouble = true };
        }

        if (!node.IsReady())
        {
            return new Step.Wait("DPUNodeNotReady", $"node {node.Metadata.Name}: {DpuNode.WhyNotReady(node)}") { IsTrouble = true };
        }

        if (scope.Annotation(ProvisioningLabels.AutomaticRetriesDone) is not null)
        {
            await scope.RecordAsync(cancellation, (ProvisioningLabels.AutomaticRetriesDone, null));
        }

        return new Step.Advance("", "DPUNodeReady");
    }

    /// <summary>What is wrong with the host's side of a ready DPU, "" for nothing; null when there is nothing to say.</summary>
    public static async Task<string?> HostNetworkAsync(DpuScope scope, CancellationToken cancellation)
    {
        var pod = scope.Tools.Pods.Find(scope, DpuNames.HostNetworkPod(scope.Dpu), out var isLeaving);
        return pod is null || isLeaving || scope.Dpu.Status?.Conditions.Find(DpuConditions.HostNetworkReady) is null ? null
            : HostPods.IsReady(pod) ? ""
            : $"pod {pod.Metadata.Name} is not ready: {await HostNetworkPod.WhyAsync(scope, pod, cancellation)}";
    }
}
