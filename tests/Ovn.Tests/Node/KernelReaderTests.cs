using Dpf.Ovn.Node;

namespace Dpf.Ovn.Tests.Node;

/// <summary>What the kernel said is asked for again only when there may be something new.</summary>
public sealed class KernelReaderTests : IAsyncLifetime
{
    private NamespaceMachine _machine = null!;
    private KernelReader _reader = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _machine = await NamespaceMachine.StartAsync(Cancellation);
        _reader = new KernelReader(_machine, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => _machine.DisposeAsync();

    [Fact]
    public async Task WithoutAFollowerEveryLookIsANewOne() =>
        Assert.NotEqual(await _reader.ReadAsync(Cancellation, "cat", "/proc/sys/kernel/random/uuid"), await _reader.ReadAsync(Cancellation, "cat", "/proc/sys/kernel/random/uuid"));

    [Fact]
    public async Task WhatWasReadIsRememberedUntilTheKernelTellsOfAChange()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var news = new SemaphoreSlim(0);
        var following = _reader.FollowAsync(() => news.Release(), stop.Token);
        await ChangeAsync(news);

        // The next change may still be on its way; after it nothing moves.
        await EventuallyAsync(async () => await UuidAsync() == await UuidAsync());
        var before = await UuidAsync();
        await _machine.ShellAsync("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev lo nud reachable", Cancellation);
        await ChangeAsync(news);
        await EventuallyAsync(async () => await UuidAsync() != before);

        before = await UuidAsync();
        _reader.Forget();
        Assert.NotEqual(before, await UuidAsync());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private Task<string> UuidAsync() => _reader.ReadAsync(Cancellation, "cat", "/proc/sys/kernel/random/uuid");

    // The listener needs a moment to begin.
    private async Task ChangeAsync(SemaphoreSlim news)
    {
        do
        {
            await _machine.ShellAsync("ip addr add 192.0.2.1/32 dev lo; ip addr del 192.0.2.1/32 dev lo", Cancellation);
        }
        while (!await news.WaitAsync(TimeSpan.FromMilliseconds(50), Cancellation));
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        }
    }
}
