namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The host makes virtual functions and connects the DPU to the management network.</summary>
internal static class HostNetworkPhase
{
    // What the host lacks changes without the pod changing.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        await scope.Tools.JoinTokens.KeepAliveAsync(scope.Dpu, cancellation);
        var pod = await scope.Tools.Pods.HostNetworkAsync(scope, cancellation);
        if (pod is not null && HostPods.IsReady(pod))
        {
            return new Step.Advance(
                "waiting for dpu joining cluster" + (await HostNetworkPod.SaysAsync(scope, pod, cancellation) is { } remark ? "; " + remark : ""));
        }

        return new Step.Wait(
            "Initializing",
            pod is null ? "an earlier host network pod is ending" : $"pod {pod.Metadata.Name}: {await HostNetworkPod.WhyAsync(scope, pod, cancellation)}")
        {
            After = Look,
        };
    }
}
