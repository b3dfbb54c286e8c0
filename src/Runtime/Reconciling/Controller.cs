using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Queue;
using Dpf.Runtime.Vitals;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Reconciling;

/// <summary>Builds controllers: <c>Controller.For&lt;Dpu&gt;(cache, "dpu").Owns&lt;V1Pod&gt;().Build(reconciler, …)</c>.</summary>
public static class Controller
{
    /// <summary>A controller of the objects of a kind.</summary>
    public static ControllerBuilder<T> For<T>(Cache cache, string name, InformerScope? scope = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(cache, name, scope);
}

/// <summary>What a controller watches, and who reconciles.</summary>
public sealed class ControllerBuilder<T>(Cache cache, string name, InformerScope? scope)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly List<Action<WorkQueue<NamespacedName>>> _sources = [];
    private readonly List<Func<IInformer>> _informers = [];
    private int _workers = 4;
    private TimeSpan? _resync;
    private bool _rests;

    /// <summary>Also reconcile the owner when an owned object changes.</summary>
    public ControllerBuilder<T> Owns<TOwned>(InformerScope? ownedScope = null)
        where TOwned : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = ResourceType.Of<T>().Kind;
        return Watches<TOwned>(
            value => (value.Metadata.OwnerReferences ?? [])
                .Where(owner => owner.Kind == kind)
                .Select(owner => new NamespacedName(value.Metadata.NamespaceProperty, owner.Name)),
            ownedScope);
    }

    /// <summary>Also reconcile what a change of another kind concerns.</summary>
    public ControllerBuilder<T> Watches<TOther>(Func<TOther, IEnumerable<NamespacedName>> map, InformerScope? otherScope = null)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        _informers.Add(() => cache.Informer<TOther>(otherScope));
        _sources.Add(queue => cache.Informer<TOther>(otherScope).Changed += change =>
        {
            foreach (var key in map(change.Value))
            {
                queue.Add(key);
            }
        });
        return this;
    }

    /// <summary>Reconcile all objects when another kind changes.</summary>
    public ControllerBuilder<T> WatchesForAll<TOther>(InformerScope? otherScope = null, Func<TOther, bool>? when = null)
        where TOther : class, IKubernetesObject<V1ObjectMeta> =>
        Watches<TOther>(
            value => when is null || when(value)
                ? cache.Informer<T>(scope).All.Select(o => new NamespacedName(o.Metadata.NamespaceProperty, o.Metadata.Name))
                : [],
            otherScope);

    /// <summary>Reconcile all objects when what matters of another kind changes: of nodes, say, their heartbeats do not.</summary>
    /// <param name="facet">What matters of an object, compared by its value; it is asked with null for one that is not there.</param>
    public ControllerBuilder<T> WatchesForAll<TOther>(Func<TOther?, object?> facet)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        _informers.Add(() => cache.Informer<TOther>());
        _sources.Add(queue => cache.Informer<TOther>().Changed += change =>
        {
            if (!Equals(facet(change.Before), facet(change.After)))
            {
                foreach (var value in cache.Informer<T>(scope).All)
                {
                    queue.Add(new NamespacedName(value.Metadata.NamespaceProperty, value.Metadata.Name));
                }
            }
        });
        return this;
    }

    /// <summary>Also reconcile keys that anything else says, e.g. a change on the machine.</summary>
    public ControllerBuilder<T> Source(Action<Action<NamespacedName>> subscribe)
    {
        _sources.Add(queue => subscribe(queue.Add));
        return this;
    }

    /// <summary>How many keys are reconciled at once; 4 unless told.</summary>
    public ControllerBuilder<T> Workers(int count)
    {
        _workers = count;
        return this;
    }

    /// <summary>Reconcile everything so often even without a change.</summary>
    public ControllerBuilder<T> ResyncEvery(TimeSpan interval)
    {
        _resync = interval;
        return this;
    }

    /// <summary>
    /// For reconciles that sum up many objects: after each one its key rests for a few times as long as it took, so that a
    /// thousand changes cost a few sums, not a thousand. Where a sum takes a moment, so does the rest.
    /// </summary>
    public ControllerBuilder<T> RestsAfterWork()
    {
        _rests = true;
        return this;
    }

    /// <summary>The controller; <see cref="RunningController{T}.RunAsync"/> starts it.</summary>
    public RunningController<T> Build(IReconciler reconciler, ILoggerFactory loggers, TimeProvider time) =>
        new(cache, name, scope, _sources, _informers, _workers, _resync, reconciler, loggers.CreateLogger(name), time) { Rests = _rests };

    /// <summary>The same with a function.</summary>
    public RunningController<T> Build(
        Func<NamespacedName, CancellationToken, Task<Result>> reconcile, ILoggerFactory loggers, TimeProvider time) =>
        Build(new DelegateReconciler(reconcile), loggers, time);
}

/// <summary>A controller ready to run.</summary>
public sealed class RunningController<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const int RestFactor = 4;
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);
    private readonly Cache _cache;
    private readonly InformerScope? _scope;
    private readonly List<Action<WorkQueue<NamespacedName>>> _sources;
    private readonly List<Func<IInformer>> _informers;
    private readonly int _workers;
    private readonly TimeSpan? _resync;
    private readonly IReconciler _reconciler;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly string _name;

    internal RunningController(
        Cache cache, string name, InformerScope? scope, List<Action<WorkQueue<NamespacedName>>> sources, List<Func<IInformer>> informers,
        int workers, TimeSpan? resync, IReconciler reconciler, ILogger logger, TimeProvider time)
    {
        (_cache, _name, _scope, _sources, _informers, _workers, _resync) = (cache, name, scope, sources, informers, workers, resync);
        (_reconciler, _logger, _time) = (reconciler, logger, time);
    }

    /// <summary>Whether a key rests after it was reconciled.</summary>
    internal bool Rests { get; init; }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var vitals = _cache.Client.Vitals ?? new ComponentVitals();
        var metrics = vitals.Metrics.Controller(_name, _workers);
        var queue = new WorkQueue<NamespacedName>(_time, Backoff.Default, metrics);
        metrics.Observe(() => queue.State);
        var check = "controller-" + _name;
        vitals.Health.AddReadiness(check, () => "its informers have not listed everything yet");
        var informer = _cache.Informer<T>(_scope);
        informer.Changed += change => queue.Add(KeyOf(change.Value));
        foreach (var source in _sources)
        {
            source(queue);
        }

        await informer.Synced.WaitAsync(cancellation);
        await Task.WhenAll(_informers.Select(i => i().Synced)).WaitAsync(cancellation);

        vitals.Health.AddReadiness(check, () => null);

        // An informer shared with another controller may have been complete before this one subscribed.
        EnqueueAll(informer, queue);
        await using var timer = _resync is { } every
            ? _time.CreateTimer(_ => EnqueueAll(informer, queue), null, every, every)
            : null;
        await Task.WhenAll(Enumerable.Range(0, _workers).Select(_ => Task.Run(() => WorkAsync(queue, metrics, cancellation), cancellation)));
    }

    private static NamespacedName KeyOf(T value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    private static void EnqueueAll(Informer<T> informer, WorkQueue<NamespacedName> queue)
    {
        foreach (var value in informer.All)
        {
            queue.Add(KeyOf(value));
        }
    }

    private async Task WorkAsync(WorkQueue<NamespacedName> queue, ControllerMetrics metrics, CancellationToken cancellation)
    {
        while (true)
        {
            var key = await queue.TakeAsync(cancellation);
            var start = _time.GetTimestamp();
            var outcome = ReconcileOutcome.Error;
            metrics.Started();
            try
            {
                var result = await _reconciler.ReconcileAsync(key, cancellation);
                queue.Forget(key);
                outcome = result.After is null ? ReconcileOutcome.Success : ReconcileOutcome.RequeueAfter;
                if (result.After is { } delay)
                {
                    queue.AddAfter(key, delay);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                throw;
            }
            catch (KubeException e) when (e.IsConflict)
            {
                outcome = ReconcileOutcome.Requeue;
                _logger.LogDebug("{Controller} {Key}: changed meanwhile, again: {Message}", _name, key, e.Message);
                queue.AddFailed(key);
            }
            catch (Exception e)
            {
                var delay = queue.AddFailed(key);
                _logger.LogWarning("{Controller} {Key}: {Message}; again in {Delay:0.0} s", _name, key, Describe(e), delay.TotalSeconds);
            }
            finally
            {
                var took = _time.GetElapsedTime(start);
                metrics.Ended(outcome, took);
                queue.Done(key, Rests ? Rest(took) : default);
            }
        }
    }

    private static TimeSpan Rest(TimeSpan took) => took * RestFactor is var rest && rest < LongestRest ? rest : LongestRest;

    private static string Describe(Exception e) =>
        e is KubeException or TimeoutException or HttpRequestException ? e.Message : e.ToString();
}
