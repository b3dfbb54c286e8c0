using System.Threading.Channels;

namespace Dpf.Chaining;

/// <summary>Waits for a change, but not for ever: what nobody tells is found by looking again.</summary>
internal static class ChangeWait
{
    // One thing that happens to a switch or a machine is told as several changes, each in a message of its own.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns soon after the next signal, or after <paramref name="longest"/>.</summary>
    public static async Task AnyAsync(
        ChannelReader<bool> changes, TimeSpan longest, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var change = changes.ReadAsync(limit.Token).AsTask();
        if (await Task.WhenAny(change, Task.Delay(longest, time, limit.Token)) == change)
        {
            await Task.Delay(Settling, time, cancellation);
            changes.TryRead(out _);
        }

        await limit.CancelAsync();
        await ((Task)change).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }
}
