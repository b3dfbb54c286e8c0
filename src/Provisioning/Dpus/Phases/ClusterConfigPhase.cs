using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The DPU has to join its cluster and its node has to become ready.</summary>
internal static class ClusterConfigPhase
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        V1Node? node;
        try
        {
            node = (await scope.Tools.Clusters.NodesAsync(scope.Dpu, cancellation)).Get(null, scope.Dpu.Metadata.Name);
            await scope.Tools.JoinTokens.KeepAliveAsync(scope.Dpu, cancellation);
        }
        catch (DpuClusterException e)
        {
            return new Step.Wait("DPUClusterClientGetError", e.Message) { After = Look, IsTrouble = true };
        }

        if (node is null)
        {
            return new Step.Wait("DPUNodeNotFound", $"node {scope.Dpu.Metadata.Name} has not joined DPUCluster {ClusterAllocation.Of(scope.Dpu)} yet");
        }

        await DpuNode.LabelAsync(scope, node, cancellation);
        if (!node.IsReady())
        {
            return new Step.Wait("DPUNodeNotReady", $"node {node.Metadata.Name} has joined, but is not ready: {DpuNode.WhyNotReady(node)}");
        }

        await scope.Tools.JoinTokens.RevokeAsync(scope.Dpu, cancellation);
        return new Step.Advance("cluster configured", "Ready");
    }
}
