namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The host makes virtual functions and connects the DPU to the management network.</summary>
internal static class HostNetworkPhase
{
    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        await scope.Tools.JoinTokens.KeepAliveAsync(scope.Dpu, cancellation);
        var pod = await scope.Tools.Pods.HostNetworkAsync(scope, cancellation);
        return pod is not null && HostPods.IsReady(pod)
            ? new Step.Advance("waiting for dpu joining cluster")
            : new Step.Wait(
                "Initializing",
                pod is null ? "an earlier host network pod is ending"
                : $"pod {pod.Metadata.Name}: {HostPods.Trouble(pod) ?? (pod.Status?.Phase == "Running" ? "runs, but the network is not set up yet; its log says what it waits for" : pod.Status?.Phase ?? "made")}");
    }
}
