using System.Collections.Concurrent;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Runtime.Tests.Reconciling;

public sealed class ControllerTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _reconciled = new();
    private TestCluster _cluster = null!;
    private Cache _cache = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _cache = new Cache(_cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cache.DisposeAsync();
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task WhatIsThereAtTheStartIsReconciledAndSoIsEveryChange()
    {
        await ApplyAsync("a", "1");
        Run(Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")), (_, _) => Task.FromResult(Result.Done));
        await SeeAsync("a");
        await ApplyAsync("b", "1");
        await SeeAsync("a", "b");
        await _cluster.Client.DeleteAsync<V1ConfigMap>("default", "a", Cancellation);
        await SeeAsync("a", "b", "a");
    }

    [Fact]
    public async Task AFailureIsTriedAgainAndHoldsUpNobodyElse()
    {
        var failures = 0;
        Run(Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")).Workers(1), (key, _) =>
            key.Name == "bad" && failures++ < 3 ? throw new InvalidOperationException("not yet") : Task.FromResult(Result.Done));
        await ApplyAsync("bad", "1");
        await ApplyAsync("good", "1");
        await Eventually.SeeAsync(() => _reconciled.Count(n => n == "bad") == 4 && _reconciled.Contains("good"));
    }

    [Fact]
    public async Task AResultMayAskForALookLater()
    {
        var looks = 0;
        Run(Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")), (_, _) =>
            Task.FromResult(++looks < 3 ? Result.RequeueAfter(TimeSpan.FromMilliseconds(10)) : Result.Done));
        await ApplyAsync("a", "1");
        await SeeAsync("a", "a", "a");
    }

    [Fact]
    public async Task AChangeOfWhatAnObjectOwnsReconcilesTheOwner()
    {
        await ApplyAsync("owner", "1");
        Run(
            Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")).Owns<V1Secret>(new InformerScope("default")),
            (_, _) => Task.FromResult(Result.Done));
        await SeeAsync("owner");
        await _cluster.ApplyAsync("""
            apiVersion: v1
            kind: Secret
            metadata:
              name: s
              namespace: default
              ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: 6fa459ea-ee8a-3ca4-894e-db77e160355e}]
            """);
        await Eventually.SeeAsync(() => _reconciled.Count(n => n == "owner") >= 2);
    }

    [Fact]
    public async Task WhatMattersOfAnotherKindReconcilesAllObjectsAndNothingElseOfItDoes()
    {
        await ApplyAsync("a", "1");
        await ApplyAsync("b", "1");
        await NodeAsync("seen", "old");
        var nodes = _cache.Informer<V1Node>();
        await nodes.Synced.WaitAsync(Cancellation);
        var found = new ConcurrentQueue<string>();
        Run(
            Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")).WatchesForAll<V1Node>(n => n?.Metadata.Labels["zone"]),
            (key, _) =>
            {
                var labels = nodes.Get(null, "n")!.Metadata.Labels;
                found.Enqueue($"{key.Name} {labels["beat"]} {labels["zone"]}");
                return Task.FromResult(Result.Done);
            });
        await Eventually.SeeAsync(() => found.Count >= 2);

        await NodeAsync("heartbeat", "old");
        await Eventually.SeeAsync(() => nodes.Get(null, "n")!.Metadata.Labels["beat"] == "heartbeat");
        await NodeAsync("heartbeat", "new");
        await Eventually.SeeAsync(() => found.Count >= 4);

        Assert.Equal(["a heartbeat new", "a seen old", "b heartbeat new", "b seen old"], found.Order(StringComparer.Ordinal));

        Task NodeAsync(string beat, string zone) => _cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Node
            metadata: {name: n, labels: {beat: {{beat}}, zone: {{zone}} } }
            """);
    }

    [Fact]
    public async Task OneObjectIsNeverReconciledTwiceAtOnce()
    {
        var (inside, most) = (0, 0);
        Run(Controller.For<V1ConfigMap>(_cache, "test", new InformerScope("default", "seen=yes")), async (_, stop) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop);
            Interlocked.Decrement(ref inside);
            return Result.Done;
        });
        for (var i = 0; i < 20; i++)
        {
            await ApplyAsync("a", $"{i}");
        }

        await Eventually.SeeAsync(() => _cache.Informer<V1ConfigMap>(new InformerScope("default", "seen=yes")).Get("default", "a")?.Data["v"] == "19");
        Assert.Equal(1, most);
    }

    private void Run(ControllerBuilder<V1ConfigMap> builder, Func<NamespacedName, CancellationToken, Task<Result>> reconcile) =>
        _running = builder.Build(
            (key, stop) =>
            {
                _reconciled.Enqueue(key.Name);
                return reconcile(key, stop);
            },
            NullLoggerFactory.Instance, TimeProvider.System).RunAsync(_stop.Token);

    private Task ApplyAsync(string name, string value) => _cluster.ApplyAsync($$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{name}}, namespace: default, labels: {seen: "yes"} }
        data: {v: "{{value}}"}
        """);

    private async Task SeeAsync(params string[] names)
    {
        await Eventually.SeeAsync(() => _reconciled.Count >= names.Length);
        Assert.Equal(names, _reconciled);
    }
}
