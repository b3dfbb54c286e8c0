using System.Globalization;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>The statuses that a container goes through; pure.</summary>
internal static class ContainerStatuses
{
    /// <summary>It has not started, or cannot.</summary>
    public static V1ContainerStatus Waiting(V1Container container, V1ContainerStatus? before, string reason, string? message = null) => new()
    {
        Name = container.Name,
        Image = container.Image ?? "",
        ImageID = "",
        RestartCount = before?.RestartCount ?? 0,
        Ready = false,
        Started = false,
        ContainerID = before?.ContainerID,
        LastState = Ended(before),
        State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = reason, Message = message } },
    };

    /// <summary>It waits before it is started again; until then no restart is counted.</summary>
    public static V1ContainerStatus CrashLoop(V1Pod pod, V1Container container, V1ContainerStatus before, TimeSpan backOff)
    {
        var (number, unit) = backOff < TimeSpan.FromSeconds(1) ? (backOff.TotalMilliseconds, "ms") : (backOff.TotalSeconds, "s");
        var meta = pod.Metadata;
        return Waiting(container, before, "CrashLoopBackOff", string.Create(
            CultureInfo.InvariantCulture,
            $"back-off {number:0.#}{unit} restarting failed container={container.Name} pod={meta.Name}_{meta.NamespaceProperty}({meta.Uid})"));
    }

    /// <summary>It runs.</summary>
    public static V1ContainerStatus Running(
        V1Container container, V1ContainerStatus before, string id, int restarts, DateTime startedAt, bool hasStarted, bool ready) => new()
        {
            Name = container.Name,
            Image = container.Image ?? "",
            ImageID = container.Image ?? "",
            ContainerID = "runc://" + id,
            RestartCount = restarts,
            Started = hasStarted,
            Ready = ready,
            LastState = Ended(before),
            State = new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = startedAt } },
        };

    /// <summary>It has ended.</summary>
    public static V1ContainerStatus Terminated(
        V1Container container, V1ContainerStatus before, string id, int code, DateTime startedAt, DateTime now, string? message, bool isInit,
        bool wasOutOfMemory = false) => new()
        {
            Name = container.Name,
            Image = container.Image ?? "",
            ImageID = container.Image ?? "",
            ContainerID = "runc://" + id,
            RestartCount = before.RestartCount,
            Started = false,
            Ready = isInit && code == 0,
            LastState = before.LastState,
            State = new V1ContainerState
            {
                Terminated = new V1ContainerStateTerminated
                {
                    ContainerID = "runc://" + id,
                    ExitCode = code,
                    Reason = code == 0 ? "Completed" : wasOutOfMemory ? "OOMKilled" : "Error",
                    Message = message,
                    StartedAt = startedAt,
                    FinishedAt = now,
                },
            },
        };

    /// <summary>A copy to change.</summary>
    public static V1ContainerStatus Copy(V1ContainerStatus status) => new()
    {
        Name = status.Name,
        Image = status.Image,
        ImageID = status.ImageID,
        ContainerID = status.ContainerID,
        RestartCount = status.RestartCount,
        Started = status.Started,
        Ready = status.Ready,
        LastState = status.LastState,
        State = status.State,
    };

    // What ran before a new kubelet, or a reboot, is known only to have been running.
    private static V1ContainerState? Ended(V1ContainerStatus? before) => before?.State switch
    {
        { Terminated: { } ended } => new V1ContainerState { Terminated = ended },
        { Running: { } running } => new V1ContainerState
        {
            Terminated = new V1ContainerStateTerminated
            {
                ContainerID = before.ContainerID,
                ExitCode = 137,
                Reason = "ContainerStatusUnknown",
                Message = "the node has started anew",
                StartedAt = running.StartedAt,
            },
        },
        _ => before?.LastState,
    };
}
