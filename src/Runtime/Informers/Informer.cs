using System.Collections.Concurrent;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Queue;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Informers;

/// <summary>What an informer looks at.</summary>
/// <param name="Namespace">One namespace; null for all.</param>
/// <param name="LabelSelector">A label selector, or null.</param>
/// <param name="FieldSelector">A field selector, or null.</param>
public sealed record InformerScope(string? Namespace = null, string? LabelSelector = null, string? FieldSelector = null);

/// <summary>
/// Lists a kind, watches it from there, lists again when the revision is gone, and watches again when the watch ends, breaks
/// or has been silent for longer than the server's bookmarks allow.
/// </summary>
public sealed class Informer<T>(KubeClient client, InformerScope scope, TimeProvider time, ILogger logger) : IInformer
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan WatchLength = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<NamespacedName, T> _store = new();
    private readonly Dictionary<string, Func<T, IEnumerable<string>>> _indexers = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), Random.Shared);
    private string? _revision;

    /// <summary>Called for every change, in order, on the watching task: enqueue and return.</summary>
    public event Action<InformerChange<T>>? Changed;

    /// <inheritdoc />
    public Task Synced => _synced.Task;

    /// <summary>Everything that is there now.</summary>
    public IReadOnlyCollection<T> All => (IReadOnlyCollection<T>)_store.Values;

    /// <summary>One object, or null.</summary>
    public T? Get(string? ns, string name) => _store.GetValueOrDefault(new NamespacedName(ns, name));

    /// <summary>Declares an index before the informer runs.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> keys) => _indexers[name] = keys;

    /// <summary>The objects under a key of an index.</summary>
    /// <exception cref="KeyNotFoundException">There is no such index.</exception>
    public IEnumerable<T> ByIndex(string name, string key)
    {
        var keys = _indexers[name];
        return _store.Values.Where(value => keys(value).Contains(key));
    }

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellation)
    {
        var failures = 0;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                _revision ??= await ListAsync(cancellation);
                await WatchAsync(cancellation);
                failures = 0;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                var missing = e is KubeException { IsNotFound: true };
                if (missing)
                {
                    // The kind is not installed: an empty list, for as long as that is so.
                    Keep([]);
                    _synced.TrySetResult();
                }

                // A broken connection says nothing about the revision; a refusal may.
                if (e is KubeException)
                {
                    _revision = null;
                }

                failures++;
                if (failures is 5 or 50 && !missing)
                {
                    logger.LogWarning("watching {Kind}: {Message}", typeof(T).Name, e.Message);
                }

                try
                {
                    await Task.Delay(_backoff.Delay(failures), time, cancellation);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private static NamespacedName KeyOf(T value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    private async Task<string> ListAsync(CancellationToken cancellation)
    {
        var (items, revision) = await client.ListPageAsync<T>(scope.Namespace, scope.LabelSelector, scope.FieldSelector, cancellation);
        var seen = new HashSet<NamespacedName>();
        foreach (var item in items)
        {
            seen.Add(KeyOf(item));
            Store(item);
        }

        Keep(seen);
        _synced.TrySetResult();
        return revision;
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => silence.Cancel(), null, Silence, Timeout.InfiniteTimeSpan);
        try
        {
            var changes = client.WatchAsync<T>(
                scope.Namespace, _revision, silence.Token, scope.LabelSelector, scope.FieldSelector, WatchLength);
            await foreach (var change in changes)
            {
                timer.Change(Silence, Timeout.InfiniteTimeSpan);
                _revision = change.Value.Metadata.ResourceVersion ?? _revision;
                switch (change.Type)
                {
                    case "ADDED" or "MODIFIED":
                        Store(change.Value);
                        break;
                    case "DELETED":
                        Remove(KeyOf(change.Value), change.Value);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            logger.LogDebug("watching {Kind}: silent for {Silence}, watching again", typeof(T).Name, Silence);
        }
    }

    private void Keep(HashSet<NamespacedName> seen)
    {
        foreach (var key in _store.Keys.Where(key => !seen.Contains(key)))
        {
            Remove(key, null);
        }
    }

    private void Store(T value)
    {
        var key = KeyOf(value);
        var before = _store.GetValueOrDefault(key);
        if (before is not null && before.Metadata.ResourceVersion == value.Metadata.ResourceVersion &&
            before.Metadata.Uid == value.Metadata.Uid)
        {
            return;
        }

        _store[key] = value;
        Changed?.Invoke(new InformerChange<T>(before, value));
    }

    private void Remove(NamespacedName key, T? last)
    {
        if (_store.TryRemove(key, out var before))
        {
            Changed?.Invoke(new InformerChange<T>(last ?? before, null));
        }
    }
}

/// <summary>One change of a local copy.</summary>
/// <param name="Before">The object before; null when it is new.</param>
/// <param name="After">The object after; null when it is gone.</param>
public sealed record InformerChange<T>(T? Before, T? After)
    where T : class
{
    /// <summary>The object: after the change, or the last that was seen of it.</summary>
    public T Value => After ?? Before!;
}
