using System.Threading.Channels;

namespace Dpf.Chaining;

/// <summary>Waits for a change, but not for ever: what nobody tells is found by looking again.</summary>
internal static class ChangeWait
{
    /// <summary>Returns at the next signal, or after <paramref name="longest"/>.</summary>
    public static async Task AnyAsync(
        ChannelReader<bool> changes, TimeSpan longest, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var change = changes.ReadAsync(limit.Token).AsTask();
        await Task.WhenAny(change, Task.Delay(longest, time, limit.Token));
        await limit.CancelAsync();
        await ((Task)change).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }
}
