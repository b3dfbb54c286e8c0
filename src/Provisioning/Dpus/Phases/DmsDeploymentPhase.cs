using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>DMS has to run on the host and to answer.</summary>
internal static class DmsDeploymentPhase
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        // One that fails is counted here, and left until it has been.
        var pod = await scope.Tools.Pods.DmsAsync(scope, cancellation, keepsEnded: true);
        if (pod?.Status?.Phase == "Failed")
        {
            return new Step.Fail("DMSPodFailed", $"pod {pod.Metadata.Name} failed: {HostPods.Trouble(pod) ?? pod.Status.Message ?? "its log says why"}");
        }

        return await MissingAsync(scope, pod, cancellation) is { } wait ? wait : new Step.Advance();
    }

    /// <summary>The pod once its DMS listens, made anew if it has ended; before that, what is waited for.</summary>
    public static async Task<(V1Pod? Pod, Step? Step)> RunningAsync(DpuScope scope, CancellationToken cancellation)
    {
        var pod = await scope.Tools.Pods.DmsAsync(scope, cancellation);
        return await MissingAsync(scope, pod, cancellation) is { } wait ? (null, wait) : (pod, null);
    }

    /// <summary>What is missing of a pod whose DMS listens; null when nothing is.</summary>
    private static async Task<Step.Wait?> MissingAsync(DpuScope scope, V1Pod? pod, CancellationToken cancellation)
    {
        if (pod is null)
        {
            return new Step.Wait("DMSPodPending", "an earlier pod of DMS is ending");
        }

        var name = pod.Metadata.Name;

        if (Preflight(pod) is { } found)
        {
            return new Step.Wait("ExistingRshimInstallDetected", found) { IsTrouble = true };
        }

        if (pod.Status?.Phase != "Running" || string.IsNullOrEmpty(pod.Status.PodIP))
        {
            return new Step.Wait("DMSPodPending", $"pod {name}: {HostPods.Trouble(pod) ?? pod.Status?.Phase ?? "made"}")
            {
                After = HostPods.HasEnded(pod) ? PodKeeper.Rest : null,
            };
        }

        return await scope.Tools.Dms.ListensAsync(pod, cancellation)
            ? null
            : new Step.Wait("DMSNotListening", $"pod {name} runs, but its DMS does not answer yet") { After = Look };
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
