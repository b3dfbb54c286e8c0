using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Runtime.Tests.Informers;

public sealed class InformerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _changes = [];
    private readonly CancellationTokenSource _stop = new();
    private ScriptedApi _api = null!;
    private Informer<V1ConfigMap> _informer = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _api = await ScriptedApi.StartAsync();
        _informer = new Informer<V1ConfigMap>(_api.Client, new InformerScope("ns"), _time, NullLogger.Instance);
        _informer.Changed += change =>
        {
            lock (_changes)
            {
                _changes.Add((change.Before is null ? "+" : change.After is null ? "-" : "~") + change.Value.Metadata.Name);
            }
        };
        _running = _informer.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _api.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task ChangesOfAWatchReachTheCopyInOrder()
    {
        await (await _api.ListAsync()).ItemsAsync("5", Map("a", 4));
        var watch = await _api.WatchAsync("5");
        await watch.EventAsync("ADDED", Map("b", 6));
        await watch.EventAsync("MODIFIED", Map("a", 7));
        await watch.EventAsync("DELETED", Map("b", 8));
        await SeeAsync("+a", "+b", "~a", "-b");
        Assert.Equal("7", _informer.Get("ns", "a")!.Metadata.ResourceVersion);
        Assert.Null(_informer.Get("ns", "b"));
    }

    [Fact]
    public async Task ARevisionThatIsGoneIsListedAgain()
    {
        await (await _api.ListAsync()).ItemsAsync("5", Map("a", 4), Map("b", 5));
        var watch = await _api.WatchAsync("5");
        await watch.EventAsync("ERROR", """{"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}""");
        await AdvanceAsync(_api.ListAsync(), list => list.ItemsAsync("9", Map("b", 5), Map("c", 9)));
        await _api.WatchAsync("9");
        await SeeAsync("+a", "+b", "+c", "-a");
    }

    [Fact]
    public async Task ASilentWatchIsAbandonedAndTakenUpWhereItWas()
    {
        await (await _api.ListAsync()).ItemsAsync("5");
        var watch = await _api.WatchAsync("5");
        await watch.EventAsync("BOOKMARK", Map("", 30));
        await watch.EventAsync("ADDED", Map("a", 31));
        await SeeAsync("+a");
        var abandoned = watch.AbandonedAsync();
        _time.Advance(TimeSpan.FromMinutes(2));
        await abandoned;
        await _api.WatchAsync("31");
    }

    [Fact]
    public async Task ABrokenWatchIsTakenUpAfterTheLastChangeThatWasSeen()
    {
        await (await _api.ListAsync()).ItemsAsync("5");
        var watch = await _api.WatchAsync("5");
        await watch.EventAsync("ADDED", Map("a", 6));
        await SeeAsync("+a");
        watch.Break();
        await AdvanceAsync(_api.WatchAsync("6"), next => next.EventAsync("ADDED", Map("b", 7)));
        await SeeAsync("+a", "+b");
    }

    [Fact]
    public async Task AServerThatIsAwayIsAskedLessAndLessOften()
    {
        await (await _api.ListAsync()).ItemsAsync("5");
        for (var i = 0; i < 8; i++)
        {
            await AdvanceAsync(_api.WatchAsync("5"), request => { request.Break(); return Task.CompletedTask; });
        }

        // By now it waits for more than a second between attempts, so that none comes in half of one.
        var next = _api.WatchAsync("5");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.False(next.IsCompleted);
        await AdvanceAsync(next, request => request.EventAsync("ADDED", Map("a", 6)));
        await SeeAsync("+a");
    }

    [Fact]
    public async Task AKindThatIsNotInstalledIsAnEmptyListUntilItIs()
    {
        await (await _api.ListAsync()).ItemsAsync("5", Map("a", 4));
        await (await _api.WatchAsync("5")).RefuseAsync(404);
        await SeeAsync("+a", "-a");
        await AdvanceAsync(_api.ListAsync(), list => list.ItemsAsync("7", Map("a", 6)));
        await SeeAsync("+a", "-a", "+a");
    }

    [Fact]
    public async Task ItIsInSyncOnlyAfterTheFirstList()
    {
        var list = await _api.ListAsync();
        Assert.False(_informer.Synced.IsCompleted);
        await list.ItemsAsync("5");
        await _informer.Synced.WaitAsync(TestContext.Current.CancellationToken);
    }

    private static string Map(string name, int revision) =>
        $$$"""{"metadata": {"name": "{{{name}}}", "namespace": "ns", "uid": "{{{name}}}", "resourceVersion": "{{{revision}}}"}}""";

    // Time passes until the informer's back-off is over and it asks.
    private async Task AdvanceAsync(Task<ScriptedRequest> request, Func<ScriptedRequest, Task> answer)
    {
        while (!request.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(request, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken));
        }

        await answer(await request);
    }

    private async Task SeeAsync(params string[] changes)
    {
        await Eventually.SeeAsync(() => { lock (_changes) { return _changes.Count >= changes.Length; } });
        lock (_changes)
        {
            Assert.Equal(changes, _changes);
        }
    }
}
