using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Dpf.Ovsdb.Replica;

/// <summary>
/// A copy of chosen tables that follows the database. Readers take <see cref="Current"/> and keep a consistent picture;
/// one task (the session's reader) writes.
/// </summary>
public sealed class OvsdbReplica
{
    private readonly Lock _lock = new();
    private ImmutableList<Action<ReplicaChange>> _subscribers = [];
    private volatile Snapshot _current = Snapshot.Empty;

    /// <summary>The latest snapshot.</summary>
    public Snapshot Current => _current;

    /// <summary>
    /// Calls <paramref name="handler"/> after each change, on the task that reads the socket: it must be quick and must
    /// not wait. Dispose the result to stop.
    /// </summary>
    public IDisposable Subscribe(Action<ReplicaChange> handler)
    {
        lock (_lock)
        {
            _subscribers = _subscribers.Add(handler);
        }

        return new Subscription(this, handler);
    }

    /// <summary>The present snapshot and then each later one; changes that come while the reader is busy fall together.</summary>
    public async IAsyncEnumerable<Snapshot> ChangesAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var channel = Channel.CreateBounded<Snapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        using var subscription = Subscribe(change => channel.Writer.TryWrite(change.After));
        channel.Writer.TryWrite(_current);
        await foreach (var snapshot in channel.Reader.ReadAllAsync(cancellation))
        {
            yield return snapshot;
        }
    }

    /// <summary>Waits for a snapshot that satisfies <paramref name="predicate"/>.</summary>
    public async Task<Snapshot> WaitForAsync(Func<Snapshot, bool> predicate, CancellationToken cancellation)
    {
        await foreach (var snapshot in ChangesAsync(cancellation))
        {
            if (predicate(snapshot))
            {
                return snapshot;
            }
        }

        throw new OperationCanceledException(cancellation);
    }

    /// <summary>Applies changes that belong together.</summary>
    internal void Apply(IReadOnlyList<RowChange> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        var before = _current;
        var tables = before.Tables;
        foreach (var group in changes.GroupBy(c => c.Table))
        {
            var rows = tables.GetValueOrDefault(group.Key, ImmutableDictionary<Guid, Row>.Empty).ToBuilder();
            foreach (var change in group)
            {
                if (change.After is { } row)
                {
                    rows[change.Uuid] = row;
                }
                else
                {
                    rows.Remove(change.Uuid);
                }
            }

            tables = tables.SetItem(group.Key, rows.ToImmutable());
        }

        var after = new Snapshot(tables, before.Version + 1);
        _current = after;
        foreach (var subscriber in _subscribers)
        {
            subscriber(new ReplicaChange(before, after, changes));
        }
    }

    private sealed class Subscription(OvsdbReplica replica, Action<ReplicaChange> handler) : IDisposable
    {
        public void Dispose()
        {
            lock (replica._lock)
            {
                replica._subscribers = replica._subscribers.Remove(handler);
            }
        }
    }
}

/// <summary>A step from one snapshot to the next.</summary>
/// <param name="Before">The snapshot before.</param>
/// <param name="After">The snapshot now.</param>
/// <param name="Rows">The rows that differ.</param>
public sealed record ReplicaChange(Snapshot Before, Snapshot After, IReadOnlyList<RowChange> Rows);
