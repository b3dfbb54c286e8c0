using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>The probes of one container, run while it runs.</summary>
internal sealed class ContainerProbes(PodScope scope, V1Container container)
{
    private static readonly TimeSpan Eager = TimeSpan.FromMilliseconds(250);
    private readonly NodeContext _node = scope.Node;
    private TaskCompletionSource _unhealthy = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary><see cref="Started"/> or <see cref="Ready"/> has changed.</summary>
    public event Action? Changed;

    /// <summary>Whether there is a startup probe.</summary>
    public bool HasStartup => container.StartupProbe is not null;

    /// <summary>Whether there is a readiness probe.</summary>
    public bool HasReadiness => container.ReadinessProbe is not null;

    /// <summary>Whether the container has started.</summary>
    public bool Started { get; private set; }

    /// <summary>Whether it is ready.</summary>
    public bool Ready { get; private set; }

    /// <summary>Completes when the container is to be restarted.</summary>
    public Task Unhealthy => _unhealthy.Task;

    /// <summary>Probes until cancelled; never throws.</summary>
    public async Task RunAsync(IRunningContainer running, Action started, CancellationToken cancellation)
    {
        _unhealthy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (Started, Ready) = (!HasStartup, false);
        try
        {
            if (container.StartupProbe is { } startup && !await StartAsync(startup, running, cancellation))
            {
                return;
            }

            Started = true;
            Ready = !HasReadiness;
            Changed?.Invoke();
            started();
            await Task.WhenAll(LivenessAsync(running, cancellation), ReadinessAsync(running, cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The container has ended.
        }
    }

    private static TimeSpan Period(V1Probe probe) => TimeSpan.FromSeconds(Math.Max(probe.PeriodSeconds ?? 10, 1));

    private async Task<bool> StartAsync(V1Probe probe, IRunningContainer running, CancellationToken cancellation)
    {
        var patience = TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0) + (Period(probe) * (probe.FailureThreshold ?? 3));
        var from = _node.Now;
        while (true)
        {
            var failure = await scope.Prober.ProbeAsync(probe, container, running, cancellation);
            if (failure is null)
            {
                return true;
            }

            if (_node.Now - from > patience)
            {
                await FailedAsync("Startup", failure, cancellation);
                _unhealthy.TrySetResult();
                return false;
            }

            await _node.DelayAsync(Eager, cancellation);
        }
    }

    private async Task LivenessAsync(IRunningContainer running, CancellationToken cancellation)
    {
        if (container.LivenessProbe is not { } probe)
        {
            return;
        }

        await _node.DelayAsync(TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0), cancellation);
        var failures = 0;
        while (true)
        {
            await _node.DelayAsync(Period(probe), cancellation);
            if (await scope.Prober.ProbeAsync(probe, container, running, cancellation) is not { } failure)
            {
                failures = 0;
                continue;
            }

            await FailedAsync("Liveness", failure, cancellation);
            if (++failures >= (probe.FailureThreshold ?? 3))
            {
                _unhealthy.TrySetResult();
                return;
            }
        }
    }

    private async Task ReadinessAsync(IRunningContainer running, CancellationToken cancellation)
    {
        if (container.ReadinessProbe is not { } probe)
        {
            return;
        }

        var failures = 0;
        while (true)
        {
            var failure = await scope.Prober.ProbeAsync(probe, container, running, cancellation);
            failures = failure is null ? 0 : failures + 1;
            var ready = failure is null || (Ready && failures < (probe.FailureThreshold ?? 3));
            if (ready != Ready)
            {
                Ready = ready;
                Changed?.Invoke();
                if (!ready)
                {
                    await FailedAsync("Readiness", failure!, cancellation);
                }
            }

            // Until the first success there is somebody waiting.
            await _node.DelayAsync(Ready || failures > 240 ? Period(probe) : Eager, cancellation);
        }
    }

    private Task FailedAsync(string probe, string failure, CancellationToken cancellation) =>
        _node.Events.WarningAsync(scope.Pod(), "Unhealthy", $"{probe} probe failed: {failure}", cancellation);
}
