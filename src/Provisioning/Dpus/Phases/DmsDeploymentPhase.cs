using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>DMS has to run on the host and to answer.</summary>
internal static class DmsDeploymentPhase
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        var (pod, wait) = await RunningAsync(scope, cancellation);
        return pod is null ? wait! : new Step.Advance();
    }

    /// <summary>The pod once its DMS listens; before that, what is waited for.</summary>
    public static async Task<(V1Pod? Pod, Step? Step)> RunningAsync(DpuScope scope, CancellationToken cancellation)
    {
        var pod = await scope.Tools.Pods.DmsAsync(scope, cancellation);
        if (pod is null)
        {
            return (null, new Step.Wait("DMSPodPending", "an earlier pod of DMS is ending"));
        }

        var name = pod.Metadata.Name;
        if (pod.Status?.Phase == "Failed")
        {
            return (null, new Step.Fail("DMSPodFailed", $"pod {name} failed: {HostPods.Trouble(pod) ?? pod.Status.Message ?? "its log says why"}"));
        }

        if (Preflight(pod) is { } found)
        {
            return (null, new Step.Wait("ExistingRshimInstallDetected", found) { IsTrouble = true });
        }

        if (pod.Status?.Phase != "Running" || string.IsNullOrEmpty(pod.Status.PodIP))
        {
            return (null, new Step.Wait("DMSPodPending", $"pod {name}: {HostPods.Trouble(pod) ?? pod.Status?.Phase ?? "made"}"));
        }

        return await scope.Tools.Dms.ListensAsync(pod, cancellation)
            ? (pod, null)
            : (null, new Step.Wait("DMSNotListening", $"pod {name} runs, but its DMS does not answer yet") { After = Look });
    }

    /// <summary>What the first init container says that it found on the host; null when it found nothing.</summary>
    private static string? Preflight(V1Pod pod)
    {
        var status = pod.Status?.InitContainerStatuses?.FirstOrDefault(s => s.Name == "rshim-preflight");
        var ended = status?.State?.Terminated ?? status?.LastState?.Terminated;
        return ended is { ExitCode: not 0 } && status?.State?.Running is null
            ? string.IsNullOrWhiteSpace(ended.Message) ? "rshim on the host is not supported; remove it" : ended.Message.Trim()
            : null;
    }
}
