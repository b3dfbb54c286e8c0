using System.Collections.Concurrent;
using System.Text;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>
/// What <c>ip</c> says of a machine's network. While the kernel's changes are followed, what was read is remembered until one
/// comes: agents look every second, and a process for each look is most of what an idle node would cost.
/// </summary>
internal sealed class KernelReader(IMachine machine, TimeProvider time)
{
    // A network manager changes many things at once: they are one reason to look.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // A change in the moment in which the monitor starts is told by nobody, and one of very many at once may not be.
    private static readonly TimeSpan FirstMemory = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestMemory = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, (long Version, long At, string Text)> _read = new(StringComparer.Ordinal);
    private long _version;
    private long _followedSince;
    private volatile bool _isFollowed;

    /// <summary>What a command that only reads prints.</summary>
    /// <exception cref="MachineCommandException">It failed.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var key = string.Join(' ', arguments);
        var version = Interlocked.Read(ref _version);
        var memory = time.GetElapsedTime(Interlocked.Read(ref _followedSince)) < LongestMemory ? FirstMemory : LongestMemory;
        if (_isFollowed && _read.TryGetValue(key, out var known) && known.Version == version && time.GetElapsedTime(known.At) < memory)
        {
            return known.Text;
        }

        var at = time.GetTimestamp();
        var text = await machine.ExecuteAsync(cancellation, arguments);
        _read[key] = (version, at, text);
        return text;
    }

    /// <summary>Reads anew the next time: to be said after a change of one's own.</summary>
    public void Forget() => Interlocked.Increment(ref _version);

    /// <summary>Follows the kernel's changes of interfaces, addresses, routes and permanent neighbours until cancelled.</summary>
    public async Task FollowAsync(Action changed, CancellationToken cancellation)
    {
        var buffer = new byte[65536];
        while (true)
        {
            var monitor = machine.Start(
                new MachineCommand("ip", "-o", "monitor", "label", "link", "address", "route", "neigh") { Piped = true });
            await using (monitor)
            {
                Forget();
                Interlocked.Exchange(ref _followedSince, time.GetTimestamp());
                _isFollowed = true;
                try
                {
                    for (int read; (read = await monitor.StandardOutput.ReadAsync(buffer, cancellation)) > 0;)
                    {
                        if (IsNews(Encoding.UTF8.GetString(buffer, 0, read)))
                        {
                            Forget();
                            changed();
                            await Task.Delay(Settling, time, cancellation);
                        }
                    }
                }
                finally
                {
                    _isFollowed = false;
                }
            }

            await Task.Delay(Retry, time, cancellation);
        }
    }

    // Neighbours come and go with every packet; only those that were set by somebody count.
    private static bool IsNews(string lines) => lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Any(line => !line.Contains("[NEIGH]", StringComparison.Ordinal) || line.Contains("PERMANENT", StringComparison.Ordinal));
}
