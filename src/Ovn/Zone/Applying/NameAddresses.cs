using Dpf.Ovn.Dns;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Applying;

/// <summary>
/// The addresses of the names in policies, asked for again when they have been believed long enough. While nobody answers, the
/// last answer holds: a name server's failure neither opens nor closes anything.
/// </summary>
/// <param name="forwarder">Who is asked.</param>
/// <param name="families">For addresses of which families.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called when a name has other addresses than before.</param>
public sealed class NameAddresses(DnsForwarder forwarder, IReadOnlyList<IpFamily> families, TimeProvider time, Action changed)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _new = new(0);
    private IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> _earlier = new Dictionary<string, IReadOnlyList<IpAddress>>();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>Tells the answers of an earlier run, which hold until there are others.</summary>
    public void Remember(IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> answers)
    {
        lock (_lock)
        {
            _earlier = answers;
        }
    }

    /// <summary>The addresses as far as they are known; names that are new are asked for.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> Of(IReadOnlySet<string> names)
    {
        lock (_lock)
        {
            foreach (var gone in _known.Keys.Where(k => !names.Contains(k)).ToList())
            {
                _known.Remove(gone);
            }

            foreach (var name in names)
            {
                if (_known.TryAdd(name, new Known(_earlier.GetValueOrDefault(name, []), DateTimeOffset.MinValue)))
                {
                    _new.Release();
                }
            }

            // What no policy names now is not held for later.
            _earlier = new Dictionary<string, IReadOnlyList<IpAddress>>();
            return _known.ToDictionary(k => k.Key, k => k.Value.Addresses, StringComparer.Ordinal);
        }
    }

    /// <summary>Asks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await AskAsync(cancellation);
            await WaitAsync(cancellation);
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        List<string> due;
        lock (_lock)
        {
            due = [.. _known.Where(k => k.Value.Until <= time.GetUtcNow()).Select(k => k.Key)];
        }

        foreach (var name in due)
        {
            var answer = await ResolveAsync(name, cancellation);
            var until = time.GetUtcNow() + Bounded(answer);
            lock (_lock)
            {
                if (!_known.TryGetValue(name, out var before))
                {
                    continue;
                }

                IReadOnlyList<IpAddress> addresses = answer is null ? before.Addresses : [.. answer.Select(a => a.Address).Distinct().Order()];
                _known[name] = new Known(addresses, until);
                if (addresses.SequenceEqual(before.Addresses))
                {
                    continue;
                }
            }

            changed();
        }
    }

    /// <summary>The addresses in all families; null when one was not answered for, since half of them would be believed to be all.</summary>
    private async Task<IReadOnlyList<(IpAddress Address, uint Seconds)>?> ResolveAsync(string name, CancellationToken cancellation)
    {
        var all = new List<(IpAddress Address, uint Seconds)>();
        foreach (var family in families)
        {
            if (await forwarder.ResolveAsync(name, family, cancellation) is not { } some)
            {
                return null;
            }

            all.AddRange(some);
        }

        return all;
    }

    /// <summary>Until there is a new name, or the next may be due.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        using var due = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => due.Cancel(), null, Shortest, Timeout.InfiniteTimeSpan);
        try
        {
            await _new.WaitAsync(due.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Time to look at what is due.
        }
    }

    private static TimeSpan Bounded(IReadOnlyList<(IpAddress Address, uint Seconds)>? answer) => answer is { Count: > 0 }
        ? TimeSpan.FromSeconds(Math.Clamp(answer.Min(a => a.Seconds), Shortest.TotalSeconds, Longest.TotalSeconds))
        : Shortest;

    private sealed record Known(IReadOnlyList<IpAddress> Addresses, DateTimeOffset Until);
}
