using System.Threading.Channels;

namespace Dpf.ApiServer.Storage;

/// <summary>A reader of changes, with a bounded queue: one that lags too far is cut off, and has to list again.</summary>
internal sealed class StoreWatch(int capacity, Func<long> revision, Action<StoreWatch> unsubscribe) : IStoreWatch
{
    private readonly Channel<StoreEvent> _queue = Channel.CreateBounded<StoreEvent>(
        new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = false });

    /// <inheritdoc/>
    public long Revision => revision();

    /// <summary>Queues a change; false: the reader lags and is cut off.</summary>
    public bool Offer(StoreEvent change)
    {
        if (_queue.Writer.TryWrite(change))
        {
            return true;
        }

        _queue.Writer.TryComplete();
        return false;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreEvent?> NextAsync(CancellationToken cancellation)
    {
        while (await _queue.Reader.WaitToReadAsync(cancellation))
        {
            if (_queue.Reader.TryRead(out var change))
            {
                return change;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public bool TryNext(out StoreEvent? change) => _queue.Reader.TryRead(out change);

    /// <inheritdoc/>
    public void Dispose()
    {
        unsubscribe(this);
        _queue.Writer.TryComplete();
    }
}
