using System.Net;
using System.Net.Sockets;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Vitals;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Runtime.Tests.Vitals;

public sealed class ObservedComponentTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AControllerTellsWhatItDoesAndWhetherItIsReady()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (metrics, health) = (FreePort(), FreePort());
        var failures = 0;
        var component = new DelegateComponent(async (context, cancellation) =>
        {
            using var client = new KubeClient(cluster.Client.Connection, context.Vitals);
            await using var cache = new Cache(client, context.Time, context.Loggers);
            var election = new LeaderElection(client, new NamespacedName("default", "lease.dpu.nvidia.com"), "me", context.Time, NullLogger.Instance);
            await election.RunAsync(
                leading => Controller.For<V1ConfigMap>(cache, "maps", new InformerScope("default", "seen=yes")).Workers(3).Build(
                    (key, _) => key.Name == "bad" && failures++ < 2 ? throw new InvalidOperationException("no") : Task.FromResult(Result.RequeueAfter(TimeSpan.FromHours(1))),
                    context.Loggers, context.Time).RunAsync(leading),
                cancellation);
        });
        await using var running = new Running(component, $"--metrics-bind-address=127.0.0.1:{metrics}", $"--health-probe-bind-address=:{health}");
        await Eventually.SeeAsync(() => Get(health, "/readyz?verbose"), a => a == (200, "[+]controller-maps ok\n[+]ping ok\nreadyz check passed\n"));
        Assert.Equal((200, "ok"), await Get(health, "/healthz"));
        Assert.Equal((200, "ok"), await Get(health, "/readyz/controller-maps"));
        Assert.Equal(404, (await Get(health, "/readyz/other")).Code);
        Assert.Equal((404, 404), ((await Get(health, "/metrics")).Code, (await Get(metrics, "/healthz")).Code));

        await cluster.ApplyAsync(Map("good"));
        await cluster.ApplyAsync(Map("bad"));
        await SeesAsync("controller_runtime_reconcile_total{controller=\"maps\",result=\"requeue_after\"} 2");
        var text = (await Get(metrics, "/metrics")).Text;
        Assert.All(
            new[]
            {
                "workqueue_retries_total{name=\"maps\",controller=\"maps\"} 2", "controller_runtime_reconcile_errors_total{controller=\"maps\"} 2",
                "controller_runtime_max_concurrent_reconciles{controller=\"maps\"} 3", "controller_runtime_active_workers{controller=\"maps\"} 0",
                "controller_runtime_reconcile_time_seconds_bucket{controller=\"maps\",le=\"60\"} ", "workqueue_depth{name=\"maps\",controller=\"maps\"} 0",
                "workqueue_adds_total{name=\"maps\",controller=\"maps\"} ", "workqueue_queue_duration_seconds_count{name=\"maps\",controller=\"maps\"} ",
                "workqueue_work_duration_seconds_count{name=\"maps\",controller=\"maps\"} ", "workqueue_unfinished_work_seconds{name=\"maps\",controller=\"maps\"} 0",
                "leader_election_master_status{name=\"lease.dpu.nvidia.com\"} 1", "process_cpu_seconds_total ",
                $"rest_client_requests_total{{code=\"200\",method=\"GET\",host=\"{cluster.Client.Connection.Server.Authority}\"}} ",
                $"rest_client_requests_total{{code=\"201\",method=\"POST\",host=\"{cluster.Client.Connection.Server.Authority}\"}} 1",
            },
            line => Assert.Contains("\n" + line, text, StringComparison.Ordinal));

        Task SeesAsync(string line) => Eventually.SeeAsync(() => Get(metrics, "/metrics"), a => a.Text.Contains("\n" + line + "\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutAFlagNothingListens()
    {
        await using var running = new Running(new DelegateComponent((_, cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation)), "--metrics-bind-address=0");
        Assert.False(running.Task.IsCompleted);
        Assert.Null(ObservedComponent.Address(Context("--metrics-bind-address=0"), "metrics-bind-address"));
        Assert.Null(ObservedComponent.Address(Context(), "metrics-bind-address"));
    }

    [Fact]
    public async Task ACrashOfTheComponentIsACrash()
    {
        var component = new ObservedComponent(new DelegateComponent((_, _) => throw new InvalidOperationException("broken")));
        var crash = await Assert.ThrowsAsync<InvalidOperationException>(() => component.RunAsync(Context($"--health-probe-bind-address=:{FreePort()}"), Cancellation));
        Assert.Equal("broken", crash.Message);
    }

    [Theory]
    [InlineData(":8080", "0.0.0.0:8080")]
    [InlineData("[::]:8080", "0.0.0.0:8080")]
    [InlineData("localhost:8080", "127.0.0.1:8080")]
    [InlineData("10.1.2.3:80", "10.1.2.3:80")]
    public void AnAddressIsReadAsGoReadsIt(string flag, string expected) =>
        Assert.Equal(expected, ObservedComponent.Address(Context("--a=" + flag), "a")!.ToString());

    [Theory]
    [InlineData("8080")]
    [InlineData("host:http")]
    [InlineData("somewhere:80")]
    [InlineData(":70000")]
    public void WhatIsNoAddressIsRefusedByName(string flag)
    {
        var refusal = Assert.Throws<InvalidOperationException>(() => ObservedComponent.Address(Context("--a=" + flag), "a"));
        Assert.Equal($"test: --a={flag}: give ADDRESS:PORT (IPv4), :PORT, or 0 for none", refusal.Message);
    }

    private static string Map(string name) => $"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: default, labels: {{seen: 'yes'}}}}}}";

    private static ComponentContext Context(params string[] arguments) => new()
    {
        Name = "test", Arguments = arguments, Machine = new LocalMachine(), Network = new LocalMachine().Network, Loggers = NullLoggerFactory.Instance,
    };

    private static async Task<(int Code, string Text)> Get(int port, string path)
    {
        using var http = new HttpClient();
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), Cancellation);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
        }
        catch (HttpRequestException)
        {
            return (0, "");
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        public Running(IComponent component, params string[] arguments) => Task = new ObservedComponent(component).RunAsync(Context(arguments), _stop.Token);

        public Task Task { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
