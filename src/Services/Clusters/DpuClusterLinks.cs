using System.Collections.Concurrent;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Services.Clusters;

/// <summary>
/// Keeps a link to every DPU cluster and knows which of them answer, so that no reconcile has to find out by waiting. A link
/// is up once the cluster answers and the caches of what is watched there are complete.
/// </summary>
internal sealed class DpuClusterLinks(Cache management, ClusterClients clients, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Informer<DpuCluster> _clusters = management.Informer<DpuCluster>();
    private readonly ConcurrentDictionary<NamespacedName, State> _states = new();
    private readonly List<Action<Cache>> _watches = [];
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger = loggers.CreateLogger("dpu-clusters");
    private Action<NamespacedName> _enqueue = _ => { };

    /// <summary>A cluster came or went, or began or ceased to answer.</summary>
    public event Action? Changed;

    /// <summary>How often a cluster that answers is asked again.</summary>
    public TimeSpan ProbeEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How soon a cluster that does not answer is asked again.</summary>
    public TimeSpan RetryEvery { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Completes once every cluster that was there at the start has been asked: before, nobody is to judge.</summary>
    public Task Settled => _settled.Task;

    /// <summary>The clusters that have a control plane, in the order of their names.</summary>
    public IReadOnlyList<ClusterLink> All =>
    [
        .. _clusters.All.Where(ClusterTargets.HasControlPlane)
            .OrderBy(c => c.Metadata.NamespaceProperty, StringComparer.Ordinal).ThenBy(c => c.Metadata.Name, StringComparer.Ordinal)
            .Select(c => _states.TryGetValue(KeyOf(c), out var state)
                ? new ClusterLink(c, state.IsUp ? state.Remote : null, state.Problem)
                : new ClusterLink(c, null, "it has not been asked yet", WasAsked: false)),
    ];

    /// <summary>Every DPUCluster, with or without a control plane.</summary>
    public IReadOnlyCollection<DpuCluster> Clusters => _clusters.All;

    /// <summary>Watches a kind in every cluster, also in those to come.</summary>
    public void Watch<T>(InformerScope? scope, Action<T> changed)
        where T : class, IKubernetesObject<V1ObjectMeta> => WatchChanges<T>(scope, change => changed(change.Value));

    /// <summary>Watches a kind in every cluster, also in those to come, and tells what was before.</summary>
    public void WatchChanges<T>(InformerScope? scope, Action<InformerChange<T>> changed)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        void Attach(Cache cache) => cache.Informer<T>(scope).Changed += changed;
        lock (_watches)
        {
            _watches.Add(Attach);
            foreach (var remote in _states.Values.Select(s => s.Remote).OfType<RemoteCluster>())
            {
                Attach(remote.Cache);
            }
        }
    }

    /// <summary>Somebody got no answer: the cluster counts as silent until it has been asked again.</summary>
    public void Suspect(ClusterLink link, Exception failure)
    {
        if (failure is TimeoutException or HttpRequestException or IOException &&
            _states.TryGetValue(link.Name, out var state) && ReferenceEquals(state.Remote, link.Remote))
        {
            Report(link.Name, state with { IsUp = false, Problem = failure.Message });
            _enqueue(link.Name);
        }
    }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        SettleAsync(cancellation),
        Controller.For<DpuCluster>(management, "dpu-cluster-links")
            .Source(enqueue => _enqueue = enqueue)
            .Workers(8)
            .Build(AskAsync, loggers, time)
            .RunAsync(cancellation));

    private static NamespacedName KeyOf(DpuCluster cluster) => new(cluster.Metadata.NamespaceProperty, cluster.Metadata.Name);

    private async Task SettleAsync(CancellationToken cancellation)
    {
        await _clusters.Synced.WaitAsync(cancellation);
        SettleIfAllAsked();

        // A cluster whose caches never become complete must not keep the others waiting.
        await Task.WhenAny(Settled, Task.Delay(2 * Patience, time, cancellation));
        _settled.TrySetResult();
    }

    private void SettleIfAllAsked()
    {
        if (_clusters.Synced.IsCompleted && _clusters.All.Where(ClusterTargets.HasControlPlane).All(c => _states.ContainsKey(KeyOf(c))))
        {
            _settled.TrySetResult();
        }
    }

    private async Task<Result> AskAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_clusters.Get(key.Namespace, key.Name) is not { } cluster || !ClusterTargets.HasControlPlane(cluster))
        {
            if (_states.TryRemove(key, out var gone) && gone.Secret is { } secret)
            {
                await clients.ForgetAsync(secret);
            }

            Changed?.Invoke();
            return Result.Done;
        }

        var name = new NamespacedName(key.Namespace, cluster.Spec.Kubeconfig!);
        var before = _states.GetValueOrDefault(key);
        var after = new State(name, before?.Remote, before?.IsUp == true, before?.Problem ?? "", cluster.IsDeleting());
        try
        {
            after = await OpenAsync(after, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            after = after with { IsUp = false, Problem = e is OperationCanceledException ? "its objects could not be listed" : e.Message };
        }

        Report(key, after);
        SettleIfAllAsked();
        return Result.RequeueAfter(after.IsUp ? ProbeEvery : RetryEvery);
    }

    private async Task<State> OpenAsync(State state, CancellationToken cancellation)
    {
        if (await clients.GetAsync(state.Secret!.Value, cancellation) is not { } remote)
        {
            return state with { Remote = null, IsUp = false, Problem = $"there is no Secret {state.Secret} with its kubeconfig" };
        }

        await remote.Client.GetRawAsync("/version", cancellation);
        if (!ReferenceEquals(remote, state.Remote))
        {
            lock (_watches)
            {
                _watches.ForEach(attach => attach(remote.Cache));
            }
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        await remote.Cache.WaitForSyncAsync(either.Token);
        return state with { Remote = remote, IsUp = true, Problem = "" };
    }

    private void Report(NamespacedName key, State after)
    {
        var before = _states.GetValueOrDefault(key);
        _states[key] = after;
        if (before == after)
        {
            return;
        }

        if (before?.IsUp != after.IsUp)
        {
            _logger.LogInformation("DPUCluster {Cluster} {State}", key, after.IsUp ? "answers" : "does not answer: " + after.Problem);
        }

        Changed?.Invoke();
    }

    private sealed record State(NamespacedName? Secret, RemoteCluster? Remote, bool IsUp, string Problem, bool IsLeaving);
}
