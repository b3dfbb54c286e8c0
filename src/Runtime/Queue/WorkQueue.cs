using System.Threading.Channels;

namespace Dpf.Runtime.Queue;

/// <summary>
/// A set of keys to work on: a key added many times is worked on once, a key added while it is worked on is worked on again
/// afterwards, and no two workers hold the same key.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="backoff">The delays after failures.</param>
/// <param name="observer">Told what happens; null for nobody.</param>
public sealed class WorkQueue<TKey>(TimeProvider time, Backoff backoff, IQueueObserver? observer = null)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, long> _dirty = [];
    private readonly Dictionary<TKey, long> _processing = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, ITimer> _resting = [];
    private readonly Dictionary<TKey, (DateTimeOffset Due, ITimer Timer)> _delayed = [];
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();

    /// <summary>How many keys wait for a worker.</summary>
    public int Count => _ready.Reader.Count;

    /// <summary>The queue now.</summary>
    public QueueState State
    {
        get
        {
            lock (_lock)
            {
                var (sum, longest) = (TimeSpan.Zero, TimeSpan.Zero);
                foreach (var start in _processing.Values)
                {
                    var spent = time.GetElapsedTime(start);
                    sum += spent;
                    longest = spent > longest ? spent : longest;
                }

                return new QueueState(Count, sum, longest);
            }
        }
    }

    /// <summary>Adds a key now.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (_delayed.Remove(key, out var delayed))
            {
                delayed.Timer.Dispose();
            }

            if (_dirty.TryAdd(key, time.GetTimestamp()))
            {
                observer?.Added();
                if (!_processing.ContainsKey(key) && !_resting.ContainsKey(key))
                {
                    _ready.Writer.TryWrite(key);
                }
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

        observer?.Retried();
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
            if (_dirty.Remove(key, out var added))
            {
                observer?.Taken(time.GetElapsedTime(added));
            }

            _processing[key] = time.GetTimestamp();
        }

        return key;
    }

    /// <summary>Gives a taken key back; if it was added meanwhile it becomes ready again, at once or after a rest.</summary>
    public void Done(TKey key, TimeSpan rest = default)
    {
        lock (_lock)
        {
            if (_processing.Remove(key, out var start))
            {
                observer?.Finished(time.GetElapsedTime(start));
            }

            if (rest > TimeSpan.Zero)
            {
                _resting[key] = time.CreateTimer(_ => Rested(key), null, rest, Timeout.InfiniteTimeSpan);
            }
            else if (_dirty.ContainsKey(key))
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

            if (_dirty.ContainsKey(key) && !_processing.ContainsKey(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }
}
