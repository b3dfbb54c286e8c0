using k8s.Models;

namespace Dpf.Lab.Kubelet.Pods;

/// <summary>What a pod's status follows from.</summary>
internal sealed record PodFacts
{
    public required string HostIp { get; init; }

    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Whether the pod has its sandbox.</summary>
    public bool Sandboxed { get; init; }

    /// <summary>Whether all init containers are through.</summary>
    public bool Initialized { get; init; }

    /// <summary>Whether nothing of the pod will run again.</summary>
    public bool Finished { get; init; }

    /// <summary>Whether an init container failed for good.</summary>
    public bool InitFailed { get; init; }

    public required DateTime StartTime { get; init; }

    public IReadOnlyList<V1ContainerStatus> Init { get; init; } = [];

    public IReadOnlyList<V1ContainerStatus> Containers { get; init; } = [];
}

/// <summary>A pod's status as a function of the facts.</summary>
internal static class PodStatusReport
{
    private static readonly string[] Own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    /// <summary>Computes the status.</summary>
    public static V1PodStatus Compute(V1Pod pod, PodFacts facts, DateTime now)
    {
        var phase = Phase(facts);
        var over = phase is "Succeeded" or "Failed";
        var unready = facts.Containers.Where(c => !c.Ready).Select(c => c.Name).ToList();
        var containersReady = !over && facts.Initialized && unready.Count == 0;
        var before = pod.Status?.Conditions ?? [];
        var gates = pod.Spec.ReadinessGates ?? [];
        var gatesOpen = gates.All(g => before.Any(c => c.Type == g.ConditionType && c.Status == "True"));
        var why = phase == "Succeeded" ? "PodCompleted" : phase == "Failed" ? "PodFailed" : "ContainersNotReady";
        var message = over ? null : $"containers with unready status: [{string.Join(' ', unready)}]";
        var incomplete = facts.Init.Where(c => c.State?.Terminated?.ExitCode != 0 && c.Started != true).Select(c => c.Name);
        return new V1PodStatus
        {
            Phase = phase,
            HostIP = facts.HostIp,
            HostIPs = [new V1HostIP { Ip = facts.HostIp }],
            PodIP = facts.Addresses.Count > 0 ? facts.Addresses[0] : null,
            PodIPs = facts.Addresses.Count > 0 ? [.. facts.Addresses.Select(a => new V1PodIP { Ip = a })] : null,
            StartTime = facts.StartTime,
            QosClass = pod.Status?.QosClass ?? Quality(pod),
            InitContainerStatuses = facts.Init.Count > 0 ? [.. facts.Init] : null,
            ContainerStatuses = [.. facts.Containers],
            Conditions =
            [
                .. before.Where(c => !Own.Contains(c.Type)),
                Condition(before, "PodReadyToStartContainers", facts.Sandboxed, null, null, now),
                Condition(
                    before, "Initialized", facts.Initialized, phase == "Failed" ? "PodFailed" : "ContainersNotInitialized",
                    $"containers with incomplete status: [{string.Join(' ', incomplete)}]", now),
                Condition(
                    before, "Ready", containersReady && gatesOpen, containersReady ? "ReadinessGatesNotReady" : why,
                    containersReady ? "a readiness gate's condition is not True" : message, now),
                Condition(before, "ContainersReady", containersReady, why, message, now),
                Condition(before, "PodScheduled", true, null, null, now),
            ],
        };
    }

    /// <summary>The pod's quality of service.</summary>
    public static string Quality(V1Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        var any = false;
        var guaranteed = true;
        foreach (var resources in containers.Select(c => c.Resources))
        {
            foreach (var resource in (string[])["cpu", "memory"])
            {
                ResourceQuantity? limit = resources?.Limits is { } l && l.TryGetValue(resource, out var a) ? a : null;
                ResourceQuantity? request = resources?.Requests is { } r && r.TryGetValue(resource, out var b) ? b : limit;
                any |= limit is not null || request is not null;
                guaranteed &= limit is not null && request is not null && limit.ToDecimal() == request.ToDecimal();
            }
        }

        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static string Phase(PodFacts facts)
    {
        if (facts.InitFailed)
        {
            return "Failed";
        }

        if (facts.Finished)
        {
            return facts.Containers.All(c => c.State?.Terminated?.ExitCode == 0) ? "Succeeded" : "Failed";
        }

        return facts.Initialized && facts.Containers.All(c => c.State?.Waiting is null || c.LastState?.Terminated is not null) ? "Running" : "Pending";
    }

    private static V1PodCondition Condition(
        IList<V1PodCondition> before, string type, bool status, string? reason, string? message, DateTime now)
    {
        var text = status ? "True" : "False";
        return new V1PodCondition
        {
            Type = type,
            Status = text,
            Reason = status ? null : reason,
            Message = status ? null : message,
            LastTransitionTime = before.FirstOrDefault(c => c.Type == type && c.Status == text)?.LastTransitionTime ?? now,
        };
    }
}
