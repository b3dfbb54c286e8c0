using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>How a container belongs to its pod.</summary>
internal enum ContainerRole
{
    /// <summary>One of the pod's containers.</summary>
    App,

    /// <summary>Runs to its end before the next one starts.</summary>
    Init,

    /// <summary>An init container that stays.</summary>
    Sidecar,
}

/// <summary>Keeps one container of a pod running as its restart policy says, probes it, and tells its status.</summary>
internal sealed class ContainerRunner(PodScope scope, V1Container container, ContainerRole role, V1ContainerStatus? before)
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Steady = TimeSpan.FromMinutes(1);
    private readonly NodeContext _node = scope.Node;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ContainerProbes _probes = new(scope, container);
    private TimeSpan _grace;

    /// <summary>Whether it has been started.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The status has changed.</summary>
    public event Action? Changed;

    /// <summary>The container.</summary>
    public V1Container Container => container;

    /// <summary>The role.</summary>
    public ContainerRole Role => role;

    /// <summary>The container while it runs, or null.</summary>
    public IRunningContainer? Running { get; private set; }

    /// <summary>What to report.</summary>
    public V1ContainerStatus Status { get; private set; } = ContainerStatuses.Waiting(container, before, "PodInitializing");

    /// <summary>Completes when it has started for the first time.</summary>
    public Task Started => _started.Task;

    /// <summary>Completes with the exit code when it will not run again.</summary>
    public Task<int> Completed => _completed.Task;

    /// <summary>Starts keeping it.</summary>
    public void Start()
    {
        HasBegun = true;
        _probes.Changed += () => Set(status =>
        {
            status.Started = _probes.Started;
            status.Ready = _probes.Ready;
        });
        _ = Task.Run(KeepAsync, CancellationToken.None);
    }

    /// <summary>Ends it for good.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        _grace = grace;
        await _stop.CancelAsync();
        await Completed;
    }

    private async Task KeepAsync()
    {
        var code = 0;
        try
        {
            code = await RunsAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            code = Status.State?.Terminated?.ExitCode ?? 137;
        }
        catch (Exception e)
        {
            code = 128;
            _node.Logger.LogError(e, "{Pod}/{Container}: {Message}", scope.Pod().Metadata.Name, container.Name, e.Message);
            Replace(ContainerStatuses.Waiting(container, Status, "RunContainerError", e.Message));
        }

        _started.TrySetResult();
        _completed.TrySetResult(code);
        Changed?.Invoke();
    }

    private async Task<int> RunsAsync()
    {
        var run = before?.ContainerID is { Length: > 0 } ? before.RestartCount + 1 : before?.RestartCount ?? 0;
        var backOff = FirstBackOff;
        while (true)
        {
            var from = _node.Now;
            int? code = null;
            try
            {
                code = await RunOnceAsync(run);
            }
            catch (ContainerCreationException e)
            {
                Replace(ContainerStatuses.Waiting(container, Status, e.Reason, e.Message));
                await EventAsync("Failed", $"Error: {e.Message}");
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Replace(ContainerStatuses.Waiting(container, Status, "CreateContainerError", e.Message));
            }

            _stop.Token.ThrowIfCancellationRequested();
            if (code is { } exit && !Restarts(exit))
            {
                return exit;
            }

            backOff = _node.Now - from > Steady ? FirstBackOff : backOff;
            if (code is not null)
            {
                run++;
                await EventAsync("BackOff", $"Back-off restarting failed container {container.Name}");
                Replace(ContainerStatuses.CrashLoop(scope.Pod(), container, Status, backOff));
            }

            await _node.DelayAsync(backOff, _stop.Token);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    private bool Restarts(int exit) => role == ContainerRole.Sidecar || (scope.Pod().Spec.RestartPolicy ?? "Always") switch
    {
        "Never" => false,
        "OnFailure" => exit != 0,
        _ => role == ContainerRole.App || exit != 0,
    };

    private async Task<int> RunOnceAsync(int run)
    {
        var (id, running) = await ContainerStart.StartAsync(scope, container, run, _stop.Token);
        await using var ending = running;
        var startedAt = _node.Now;
        Running = running;
        using var lived = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            Replace(ContainerStatuses.Running(container, Status, id, run, startedAt, hasStarted: !_probes.HasStartup, ready: !_probes.HasReadiness && !_probes.HasStartup && role != ContainerRole.Init));
            await HookAsync(container.Lifecycle?.PostStart, "PostStart", running, _stop.Token);
            var probing = role == ContainerRole.Init ? Task.CompletedTask : _probes.RunAsync(running, () => _started.TrySetResult(), lived.Token);
            var unhealthy = role == ContainerRole.Init ? null : _probes.Unhealthy;
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var stopping = _stop.Token.Register(() => stopped.TrySetResult());
            var first = await Task.WhenAny(unhealthy is null ? [running.Exited, stopped.Task] : [running.Exited, stopped.Task, unhealthy]);
            if (first != running.Exited)
            {
                var asked = _stop.IsCancellationRequested;
                var grace = asked ? _grace : TimeSpan.FromSeconds(scope.Pod().Spec.TerminationGracePeriodSeconds ?? 30);
                await _node.Events.NormalAsync(scope.Pod(), "Killing", $"Stopping container {container.Name}", CancellationToken.None);
                if (grace > TimeSpan.Zero)
                {
                    using var hook = new CancellationTokenSource(grace, _node.Time);
                    await HookAsync(container.Lifecycle?.PreStop, "PreStop", running, hook.Token);
                }

                await running.StopAsync(grace);
            }

            await lived.CancelAsync();
            await probing;
            var code = running.Exited.IsCompleted ? await running.Exited : 137;
            Replace(ContainerStatuses.Terminated(
                container, Status, id, code, startedAt, _node.Now, running.TerminationMessage, role == ContainerRole.Init, running.WasOutOfMemory));
            return code;
        }
        finally
        {
            Running = null;
        }
    }

    private async Task HookAsync(V1LifecycleHandler? hook, string name, IRunningContainer running, CancellationToken cancellation)
    {
        try
        {
            var failure = hook switch
            {
                { Exec: { } exec } => await scope.Prober.ExecAsync(running, [.. exec.Command], cancellation),
                { HttpGet: { } get } => await scope.Prober.HttpAsync(get, container, cancellation),
                { Sleep: { } sleep } => await SleepAsync(sleep.Seconds, cancellation),
                _ => null,
            };
            if (failure is not null)
            {
                await EventAsync($"Failed{name}Hook", failure);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException or System.Net.Sockets.SocketException or FormatException)
        {
            await EventAsync($"Failed{name}Hook", e.Message);
        }
    }

    private async Task<string?> SleepAsync(long seconds, CancellationToken cancellation)
    {
        await _node.DelayAsync(TimeSpan.FromSeconds(seconds), cancellation);
        return null;
    }

    private Task EventAsync(string reason, string message) =>
        _node.Events.WarningAsync(scope.Pod(), reason, message, _stop.Token).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    private void Replace(V1ContainerStatus status)
    {
        Status = status;
        Changed?.Invoke();
    }

    private void Set(Action<V1ContainerStatus> change)
    {
        if (Status.State?.Running is null)
        {
            return;
        }

        var status = ContainerStatuses.Copy(Status);
        change(status);
        Replace(status);
    }
}
