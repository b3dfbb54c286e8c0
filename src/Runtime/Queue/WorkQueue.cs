using System.Threading.Channels;

namespace Dpf.Runtime.Queue;

/// <summary>
/// A set of keys to work on: a key added many times is worked on once, a key added while it is worked on is worked on again
/// afterwards, and no two workers hold the same key.
/// </summary>
public sealed class WorkQueue<TKey>(TimeProvider time, Backoff backoff)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _processing = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, ITimer> _resting = [];
    private readonly Dictionary<TKey, (DateTimeOffset Due, ITimer Timer)> _delayed = [];
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();

    /// <summary>How many keys wait for a worker.</summary>
    public int Count => _ready.Reader.Count;

    /// <summary>Adds a key now.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (_delayed.Remove(key, out var delayed))
            {
                delayed.Timer.Dispose();
            }

            if (_dirty.Add(key) && !_processing.Contains(key) && !_resting.ContainsKey(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <summary>Adds a key after a delay; of several delays the shortest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_lock)
        {
            var due = time.GetUtcNow() + delay;
            if (_delayed.TryGetValue(key, out var earlier))
            {
                if (earlier.Due <= due)
                {
                    return;
                }

                earlier.Timer.Dispose();
            }

            _delayed[key] = (due, time.CreateTimer(_ => Add(key), null, delay, Timeout.InfiniteTimeSpan));
        }
    }

    /// <summary>Adds a key after the back-off that its failures in a row have earned; returns the delay.</summary>
    public TimeSpan AddFailed(TKey key)
    {
        int failures;
        lock (_lock)
        {
            failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
        }

        var delay = backoff.Delay(failures);
        AddAfter(key, delay);
        return delay;
    }

    /// <summary>Forgets a key's failures.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>Takes the next key; <see cref="Done"/> must follow.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellation)
    {
        var key = await _ready.Reader.ReadAsync(cancellation);
        lock (_lock)
        {
            _dirty.Remove(key);
            _processing.Add(key);
        }

        return key;
    }

    /// <summary>Gives a taken key back; if it was added meanwhile it becomes ready again, at once or after a rest.</summary>
    public void Done(TKey key, TimeSpan rest = default)
    {
        lock (_lock)
        {
            _processing.Remove(key);
            if (rest > TimeSpan.Zero)
            {
                _resting[key] = time.CreateTimer(_ => Rested(key), null, rest, Timeout.InfiniteTimeSpan);
            }
            else if (_dirty.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    private void Rested(TKey key)
    {
        lock (_lock)
        {
            if (_resting.Remove(key, out var timer))
            {
                timer.Dispose();
            }

            if (_dirty.Contains(key) && !_processing.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }
}
