using System.Threading.Channels;

namespace Dpf.Ovn.Node;

/// <summary>Says that it is time to look again. Raised many times before anybody looks, it counts once.</summary>
public sealed class Signal
{
    private readonly Channel<bool> _raised = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Raises it.</summary>
    public void Raise() => _raised.Writer.TryWrite(true);

    /// <summary>Waits until it is raised, or no longer than the limit.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = time.CreateTimer(_ => patience.Cancel(), null, limit, Timeout.InfiniteTimeSpan);
        try
        {
            await _raised.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Time to look all the same.
        }
    }
}
