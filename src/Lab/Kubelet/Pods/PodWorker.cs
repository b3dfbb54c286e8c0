using Dpf.Lab.Kubelet.Containers;
using Dpf.Lab.Kubelet.Networking;
using Dpf.Lab.Kubelet.Volumes;
using Dpf.Runtime.Clusters;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Pods;

/// <summary>The life of one pod on the node, from its binding to its removal.</summary>
internal sealed class PodWorker
{
    private static readonly TimeSpan ShutDown = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan CleaningRetry = TimeSpan.FromSeconds(1);
    private readonly NodeContext _node;
    private readonly CancellationTokenSource _ending = new();
    private readonly PodStatusWriter _status;
    private readonly DateTime _startTime;
    private V1Pod _pod;
    private PodVolumes? _volumes;
    private List<ContainerRunner> _init = [];
    private List<ContainerRunner> _apps = [];
    private Sandbox? _sandbox;
    private bool _initialized;
    private bool _initFailed;
    private bool _finished;
    private bool _gone;

    public PodWorker(NodeContext node, V1Pod pod)
    {
        (_node, _pod) = (node, pod);
        _startTime = pod.Status?.StartTime ?? node.Now;
        _status = new PodStatusWriter(node, () => _pod, Compute);
        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            _status.Seal();
        }

        if (pod.Metadata.DeletionTimestamp is not null)
        {
            _ending.Cancel();
        }
    }

    /// <summary>The pod as last seen.</summary>
    public V1Pod Pod => _pod;

    /// <summary>Its containers, as far as they are there.</summary>
    public IEnumerable<ContainerRunner> Containers => _init.Concat(_apps);

    /// <summary>The pod's sandbox, or null.</summary>
    public Sandbox? Sandbox => _sandbox;

    /// <summary>The pod has changed.</summary>
    public void Update(V1Pod pod)
    {
        var relabelled = !Same(_pod.Metadata.Labels, pod.Metadata.Labels) || !Same(_pod.Metadata.Annotations, pod.Metadata.Annotations);
        _pod = pod;
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            _ = _ending.CancelAsync();
        }
        else if (relabelled)
        {
            _volumes?.Refresh();
        }

        if (pod.Spec.ReadinessGates is { Count: > 0 })
        {
            _status.Invalidate();
        }
    }

    /// <summary>The pod is no more.</summary>
    public void Remove()
    {
        _gone = true;
        _ = _ending.CancelAsync();
    }

    /// <summary>Runs the pod until it has been removed, or the kubelet ends.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        using var writing = new CancellationTokenSource();
        var writer = _status.RunAsync(writing.Token);
        try
        {
            if (_pod.Status?.Phase is not ("Succeeded" or "Failed"))
            {
                await PersistAsync(life.Token);
            }

            await _node.DelayAsync(Timeout.InfiniteTimeSpan, life.Token);
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            // Deleted, or the kubelet ends.
        }

        await EndAsync(cancellation);
        await writing.CancelAsync();
        await writer;
    }

    private static bool Same(IDictionary<string, string>? a, IDictionary<string, string>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0) && (a is null || a.All(p => b!.TryGetValue(p.Key, out var value) && value == p.Value));

    /// <summary>Lives, and starts over when something unforeseen comes between.</summary>
    private async Task PersistAsync(CancellationToken life)
    {
        while (true)
        {
            try
            {
                await LiveAsync(life);
                return;
            }
            catch (Exception e) when (!life.IsCancellationRequested)
            {
                _node.Logger.LogError(e, "{Namespace}/{Pod}: {Message}", _pod.Metadata.NamespaceProperty, _pod.Metadata.Name, e.Message);
                await _node.Events.WarningAsync(_pod, "FailedSync", e.Message, life);
            }

            await StopAsync(_apps.Concat(_init), TimeSpan.Zero);
            _volumes?.Dispose();
            _node.Devices.Release(_pod.Metadata.Uid);
            (_apps, _init, _sandbox, _initialized, _initFailed) = ([], [], null, false, false);
            await _node.DelayAsync(TimeSpan.FromSeconds(1), life);
        }
    }

    private async Task LiveAsync(CancellationToken life)
    {
        life.ThrowIfCancellationRequested();
        var before = _pod;
        _status.Invalidate();
        var devices = await _node.Devices.AllocateAsync(_pod, life);
        _volumes = new PodVolumes(
            _node, () => _pod, () => new PodFields(_pod, _node.Options.NodeIp, _sandbox?.Addresses ?? [], _node.Options.Capacity));
        await _volumes.MountAsync(life);
        _sandbox = await _node.Sandboxes.CreateAsync(_pod, life);
        var keeping = _volumes.KeepAsync(life);
        var scope = new PodScope(_node, () => _pod, _sandbox, _volumes, devices);
        _volumes.Refresh();
        _init =
        [
            .. (_pod.Spec.InitContainers ?? []).Select(c => Runner(
                scope, c, c.RestartPolicy == "Always" ? ContainerRole.Sidecar : ContainerRole.Init, before.Status?.InitContainerStatuses)),
        ];
        _apps = [.. _pod.Spec.Containers.Select(c => Runner(scope, c, ContainerRole.App, before.Status?.ContainerStatuses))];
        _status.Invalidate();
        foreach (var container in _init)
        {
            container.Start();
            await (container.Role == ContainerRole.Sidecar ? container.Started : container.Completed).WaitAsync(life);
            if (container.Role == ContainerRole.Init && await container.Completed != 0)
            {
                _initFailed = true;
                break;
            }
        }

        if (!_initFailed)
        {
            _initialized = true;
            _apps.ForEach(c => c.Start());
            await Task.WhenAll(_apps.Select(c => c.Completed)).WaitAsync(life);
        }

        await StopAsync(_init.Where(c => c.Role == ContainerRole.Sidecar), TimeSpan.FromSeconds(5));
        _finished = true;
        _status.Invalidate();
        await _status.FlushAsync(life);
        await _node.Sandboxes.ForgetAsync(_pod.Metadata.Uid, life);
        _node.Devices.Release(_pod.Metadata.Uid);
        await keeping;
    }

    private ContainerRunner Runner(PodScope scope, V1Container container, ContainerRole role, IList<V1ContainerStatus>? before)
    {
        var runner = new ContainerRunner(scope, container, role, before?.FirstOrDefault(s => s.Name == container.Name));
        runner.Changed += _status.Invalidate;
        return runner;
    }

    private static Task StopAsync(IEnumerable<ContainerRunner> containers, TimeSpan grace) =>
        Task.WhenAll(containers.Where(c => c.HasBegun).Select(c => c.StopAsync(grace)));

    /// <summary>Ends everything; when the pod was deleted, also takes away what it had, and says so.</summary>
    private async Task EndAsync(CancellationToken shutDown)
    {
        var deleted = _ending.IsCancellationRequested;
        var grace = _gone || !deleted ? TimeSpan.Zero
            : TimeSpan.FromSeconds(_pod.Metadata.DeletionGracePeriodSeconds ?? _pod.Spec.TerminationGracePeriodSeconds ?? 30);
        try
        {
            using var limit = new CancellationTokenSource(grace + ShutDown, _node.Time);
            await StopAsync(_apps, grace).WaitAsync(limit.Token);
            await StopAsync(_init, grace).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException e)
        {
            _node.Logger.LogWarning("{Pod}: ending: {Message}", _pod.Metadata.Name, e.Message);
        }

        _volumes?.Dispose();
        while (deleted && !shutDown.IsCancellationRequested && !await IsTakenAwayAsync(shutDown))
        {
            await _node.DelayAsync(CleaningRetry, shutDown).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        if (deleted && !_gone)
        {
            await FinishAsync(shutDown);
        }

        if (deleted && !shutDown.IsCancellationRequested)
        {
            // Last: until nobody knows the pod any more, its logs may be asked for.
            RemoveLogs();
        }
    }

    private void RemoveLogs()
    {
        try
        {
            Directory.Delete(_node.Machine.Path(PodScope.LogFolder(_pod)), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // No container ever began.
        }
        catch (IOException e)
        {
            _node.Logger.LogWarning("{Pod}: its logs stay: {Message}", _pod.Metadata.Name, e.Message);
        }
    }

    /// <summary>Takes away what the pod had: whoever comes after it needs its devices.</summary>
    private async Task<bool> IsTakenAwayAsync(CancellationToken shutDown)
    {
        try
        {
            _finished = true;
            await _node.Sandboxes.ForgetAsync(_pod.Metadata.Uid, shutDown);
            _node.Devices.Release(_pod.Metadata.Uid);
            _volumes ??= new PodVolumes(_node, () => _pod, () => new PodFields(_pod, "", [], _node.Options.Capacity));
            _volumes.Remove();
            return true;
        }
        catch (Exception e)
        {
            _node.Logger.LogWarning("{Pod}: ending: {Message}; trying again", _pod.Metadata.Name, e.Message);
            return false;
        }
    }

    private async Task FinishAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                _status.Invalidate();
                await _status.FlushAsync(cancellation);
                await _node.Client.DeleteAsync<V1Pod>(
                    _pod.Metadata.NamespaceProperty, _pod.Metadata.Name, cancellation, gracePeriodSeconds: 0, uid: _pod.Metadata.Uid);
                return;
            }
            catch (KubeException e) when (e.IsConflict || e.IsNotFound)
            {
                // Another pod has its name already.
                return;
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or IOException)
            {
                await _node.DelayAsync(TimeSpan.FromMilliseconds(500), cancellation).ContinueWith(
                    _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private V1PodStatus Compute()
    {
        var containers = _apps.Count > 0
            ? _apps.Select(c => c.Status)
            : _pod.Spec.Containers.Select(c => ContainerStatuses.Waiting(c, Known(_pod.Status?.ContainerStatuses, c), "ContainerCreating"));
        var init = _init.Count > 0
            ? _init.Select(c => c.Status)
            : (_pod.Spec.InitContainers ?? []).Select(c => ContainerStatuses.Waiting(c, Known(_pod.Status?.InitContainerStatuses, c), "PodInitializing"));
        return PodStatusReport.Compute(
            _pod,
            new PodFacts
            {
                HostIp = _node.Options.NodeIp,
                Addresses = _sandbox?.Addresses ?? [],
                Sandboxed = _sandbox is not null,
                Initialized = _initialized,
                InitFailed = _initFailed && _finished,
                Finished = _finished,
                StartTime = _startTime,
                Init = [.. init],
                Containers = [.. containers],
            }, _node.Now);
    }

    private static V1ContainerStatus? Known(IList<V1ContainerStatus>? statuses, V1Container container) =>
        statuses?.FirstOrDefault(s => s.Name == container.Name);
}
