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
    private readonly ConcurrentDictionary<string, InformerIndex<T>> _indexes = new(StringComparer.Ordinal);
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

    /// <summary>
    /// The objects under a key of an index, without looking at the others. The index is made by whoever asks for its name first,
    /// and kept up to date from then on; it is as new as the copy before <see cref="Changed"/> tells of a change.
    /// </summary>
    /// <param name="name">The index's name; the same name must always mean the same keys.</param>
    /// <param name="keys">The keys that an object is found under.</param>
    /// <param name="key">The key.</param>
    public IReadOnlyDictionary<NamespacedName, T> Indexed(string name, Func<T, IEnumerable<string>> keys, string key)
    {
        if (!_indexes.TryGetValue(name, out var index))
        {
            lock (_indexes)
            {
                index = _indexes.GetOrAdd(name, _ => new InformerIndex<T>(keys, _store));
            }
        }

        return index.Get(key);
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

        Put(key, before, value);
        Changed?.Invoke(new InformerChange<T>(before, value));
    }

    // With the indexes: one that is made meanwhile must miss nothing. They come first: who sees an object finds it in them, too.
    private void Put(NamespacedName key, T? before, T? after)
    {
        lock (_indexes)
        {
            foreach (var index in _indexes.Values)
            {
                index.Change(key, before, after);
            }

            if (after is null)
            {
                _store.TryRemove(key, out _);
            }
            else
            {
                _store[key] = after;
            }
        }
    }

    private void Remove(NamespacedName key, T? last)
    {
        if (_store.TryGetValue(key, out var before))
        {
            Put(key, before, null);
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
