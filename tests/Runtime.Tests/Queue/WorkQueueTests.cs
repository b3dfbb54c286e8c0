using Dpf.Runtime.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Runtime.Tests;

public sealed class WorkQueueTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new(_time, new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8), new Random(1)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AKeyAddedTwiceIsTakenOnce()
    {
        _queue.Add("a");
        _queue.Add("a");
        Assert.Equal("a", await _queue.TakeAsync(Cancellation));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task AKeyAddedWhileItIsWorkedOnComesBackAfterDone()
    {
        _queue.Add("a");
        var key = await _queue.TakeAsync(Cancellation);
        _queue.Add("a");
        Assert.Equal(0, _queue.Count);
        _queue.Done(key);
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void OfSeveralDelaysTheShortestCounts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _queue.AddAfter("a", TimeSpan.FromSeconds(20));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void FailuresInARowWaitLongerUpToAnEnd()
    {
        var delays = Enumerable.Range(0, 8).Select(_ => _queue.AddFailed("a")).ToList();
        Assert.InRange(delays[0].TotalSeconds, 1, 1.2);
        Assert.InRange(delays[2].TotalSeconds, 4, 4.8);
        Assert.InRange(delays[7].TotalSeconds, 8, 9.6);
        _queue.Forget("a");
        Assert.InRange(_queue.AddFailed("a").TotalSeconds, 1, 1.2);
    }

    [Fact]
    public async Task AKeyThatRestsComesBackOnceAfterwards()
    {
        _queue.Add("a");
        _queue.Done(await _queue.TakeAsync(Cancellation), TimeSpan.FromSeconds(2));
        _queue.Add("a");
        _queue.Add("a");
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(0, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public async Task ARestWithoutNewsChangesNothing()
    {
        _queue.Add("a");
        _queue.Done(await _queue.TakeAsync(Cancellation), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, _queue.Count);
        _queue.Add("a");
        Assert.Equal(1, _queue.Count);
    }
}
