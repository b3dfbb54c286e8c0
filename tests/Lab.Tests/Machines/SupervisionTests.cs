using Dpf.Lab.Machines;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Lab.Tests.Machines;

public sealed class SupervisionTests
{
    [Fact]
    public async Task WhatEndsIsBegunAgainHoweverItEnded()
    {
        var time = new FakeTimeProvider();
        using var stop = new CancellationTokenSource();
        var begun = 0;
        var kept = Supervision.KeepAsync(
            cancellation => ++begun switch
            {
                1 => throw new InvalidOperationException("broken"),
                2 => Task.FromException(new TaskCanceledException("somebody else's time ran out")),
                3 => Task.CompletedTask,
                _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation),
            },
            NullLogger.Instance, time, stop.Token);
        while (Volatile.Read(ref begun) < 4)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await stop.CancelAsync();
        await kept;
        Assert.Equal(4, begun);
    }
}
