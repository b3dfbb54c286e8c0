using System.Collections.Concurrent;
using Dpf.Lab.Kubelet;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Tests;

/// <summary>Pods on a real machine: namespaces, CNI plugins, containers of runc and of this process. Needs root.</summary>
public sealed class KubeletPodTests
{
    private const string Plugin =
        """
        #!/bin/sh
        [ "$CNI_COMMAND" = ADD ] || exit 0
        ip link add vtest type veth peer name "$CNI_IFNAME" netns "$CNI_NETNS" >&2
        ip addr add 10.99.0.1/24 dev vtest; ip link set vtest up
        nsenter --net="$CNI_NETNS" sh -c "ip addr add 10.99.0.2/24 dev $CNI_IFNAME; ip link set $CNI_IFNAME up"
        echo '{"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.99.0.2/24"}]}'
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_real_container_runs_in_the_pods_network_with_its_volumes()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await MachineAsync();
        var pod = Pod("""
            spec:
              terminationGracePeriodSeconds: 2
              volumes: [{name: data, emptyDir: {}}, {name: host, hostPath: {path: /srv/shared, type: DirectoryOrCreate}}]
              initContainers:
              - {name: first, command: [sh, -c, "echo from-init > /data/text"], volumeMounts: [{name: data, mountPath: /data}]}
              containers:
              - name: main
                command: [sh, -c, "echo I am $(ME); hostname; cat /data/text; touch /host/seen; trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done"]
                env: [{name: ME, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
                volumeMounts: [{name: data, mountPath: /data}, {name: host, mountPath: /host}]
                readinessProbe: {exec: {command: [test, -e, /host/seen]}}
            """);
        using var run = new PodRun(machine, pod);

        var main = await run.UntilAsync(w => w.Containers.FirstOrDefault(c => c.Container.Name == "main" && c.Status.Ready));
        Assert.Equal(["10.99.0.2"], run.Worker.Sandbox!.Addresses);
        var ping = await machine.RunAsync(new("ping", "-c1", "-W2", "10.99.0.2"), Cancellation);
        Assert.True(ping.Succeeded, ping.Output + ping.Error);
        var exec = await machine.RunAsync(main.Running!.Exec(["sh", "-c", "hostname; cat /data/text; ip -4 -o addr show eth0"], terminal: false), Cancellation);
        Assert.True(exec.Succeeded, exec.Error);
        Assert.StartsWith("p\nfrom-init\n", exec.Output, StringComparison.Ordinal);
        Assert.Contains("10.99.0.2/24", exec.Output, StringComparison.Ordinal);

        run.Delete();
        await run.UntilAsync(_ => Directory.Exists(machine.Path("/var/lib/kubelet/pods/u")) ? null : "gone");
        var log = await File.ReadAllTextAsync(machine.Path("/var/log/pods/n_p_u/main/0.log"), Cancellation);
        Assert.Equal("I am 10.99.0.2\np\nfrom-init\nbye\n", log);
        Assert.Empty(Directory.EnumerateFileSystemEntries(machine.Path("/run/netns")));
    }

    [Fact]
    public async Task The_logs_of_a_pod_go_when_it_is_no_more()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await MachineAsync();
        using var run = new PodRun(machine, Pod("spec: {containers: [{name: main, command: [sh, -c, echo hello; exec sleep infinity]}]}"));

        // The container runs a moment before its first process has opened the file.
        await run.UntilAsync(_ => File.Exists(machine.Path("/var/log/pods/n_p_u/main/0.log")) ? "there" : null);
        await run.UntilAsync(w => w.Containers.FirstOrDefault(c => c.Status.Ready));

        run.Worker.Remove();
        await run.Ended.WaitAsync(Cancellation);
        Assert.Empty(Directory.EnumerateFileSystemEntries(machine.Path("/var/log/pods")));
    }

    [Fact]
    public async Task A_container_has_the_memory_and_the_processor_of_its_limits_and_says_why_it_ended()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await MachineAsync();
        using var run = new PodRun(machine, Pod("""
            spec:
              restartPolicy: Never
              containers:
              - name: greedy
                command: [sh, -c, "head -c 100M /dev/zero | tail | wc -c; sleep 0.1; exit 3"]
                resources: {limits: {memory: 24Mi, cpu: 500m}}
              - name: modest
                command: [sh, -c, "cat /sys/fs/cgroup/cpu$(cut -d: -f3 /proc/self/cgroup | grep -m1 /dpf/)/cpu.cfs_quota_us /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup | grep -m1 /dpf/)/cpu.max 2>/dev/null; echo 'the last word' > /dev/termination-log; exit 3"]
                terminationMessagePath: /dev/termination-log
                resources: {limits: {memory: 24Mi, cpu: 500m}}
              - {name: told, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "seq 1 1000; exit 3"]}
              - {name: fine, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "seq 1 1000"]}
            """));

        var ended = await run.UntilAsync(w => w.Containers.Count() == 4 && w.Containers.All(c => c.Status.State?.Terminated is not null)
            ? w.Containers.ToDictionary(c => c.Container.Name, c => c.Status.State.Terminated, StringComparer.Ordinal) : null);

        Assert.Equal(("OOMKilled", "Error"), (ended["greedy"].Reason, ended["modest"].Reason));
        Assert.Equal((3, "the last word\n"), (ended["modest"].ExitCode, ended["modest"].Message));
        Assert.Equal(string.Join('\n', Enumerable.Range(921, 80)) + "\n", ended["told"].Message);
        Assert.Null(ended["fine"].Message);
        Assert.StartsWith("50000", await File.ReadAllTextAsync(machine.Path("/var/log/pods/n_p_u/modest/0.log"), Cancellation), StringComparison.Ordinal);
    }

    /// <summary>A machine that ends very many pods at once is slow: the devices of pods whose end took too long were never given to others.</summary>
    [Fact]
    public async Task What_could_not_be_taken_away_from_a_pod_that_ends_is_tried_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await MachineAsync();
        using var run = new PodRun(machine, Pod("spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, command: [sleep, infinity]}]}"));
        await run.UntilAsync(w => w.Containers.FirstOrDefault(c => c.Status.Ready));
        var record = Assert.Single(Directory.GetFiles(run.State, "u.json", SearchOption.AllDirectories));
        var kept = await File.ReadAllTextAsync(record, Cancellation);
        await File.WriteAllTextAsync(record, "{", Cancellation);

        run.Delete();
        await run.UntilAsync(_ => run.Log.Any(line => line.StartsWith("p: ending:", StringComparison.Ordinal)) ? "tried" : null);
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(machine.Path("/run/netns")));
        await File.WriteAllTextAsync(record, kept, Cancellation);
        await run.UntilAsync(_ => File.Exists(record) ? null : "gone");
        Assert.Empty(Directory.EnumerateFileSystemEntries(machine.Path("/run/netns")));
    }

    [Fact]
    public async Task A_component_is_hosted_and_restarted_when_it_crashes()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await MachineAsync();
        var runs = 0;
        var component = new DelegateComponent(async (context, cancellation) =>
        {
            context.Loggers.CreateLogger("test").LogInformation("argument {Argument}", context.Option("mode"));
            if (Interlocked.Increment(ref runs) == 1)
            {
                throw new InvalidOperationException("first time");
            }

            await File.WriteAllTextAsync(context.Path("/data/x"), context.Variable("HOSTNAME"), cancellation);
            await ComponentServer.ServeAsync(context, 8080, app => app.Run(http => Task.CompletedTask), cancellation);
        });
        var pod = Pod("""
            spec:
              volumes: [{name: data, emptyDir: {}}]
              containers:
              - name: main
                command: [dpf, run, test-component]
                args: [--mode=$(MODE)]
                env: [{name: MODE, value: fast}]
                volumeMounts: [{name: data, mountPath: /data}]
                readinessProbe: {httpGet: {path: /, port: 8080}}
            """);
        using var run = new PodRun(machine, pod, ("test-component", component));

        var main = await run.UntilAsync(w => w.Containers.FirstOrDefault(c => c.Status.Ready));

        Assert.Equal(1, main.Status.RestartCount);
        Assert.Equal("first time", main.Status.LastState.Terminated.Message);
        Assert.Equal("p", await File.ReadAllTextAsync(machine.Path("/var/lib/kubelet/pods/u/v/data/x"), Cancellation));
        Assert.Contains("argument fast", await File.ReadAllTextAsync(machine.Path("/var/log/pods/n_p_u/main/0.log"), Cancellation), StringComparison.Ordinal);
        run.Worker.Remove();
        await run.Ended.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    private static async Task<KubeletTestMachine> MachineAsync()
    {
        var machine = await KubeletTestMachine.BootAsync(Cancellation);
        Directory.CreateDirectory(machine.Path("/etc/cni/net.d"));
        Directory.CreateDirectory(machine.Path("/opt/cni/bin"));
        var plugin = machine.Path("/opt/cni/bin/test-veth");
        await File.WriteAllTextAsync(plugin, Plugin, Cancellation);
        File.SetUnixFileMode(plugin, (UnixFileMode)0x1ED);
        await File.WriteAllTextAsync(
            machine.Path("/etc/cni/net.d/10-test.conflist"),
            """{"cniVersion":"0.3.1","name":"test","plugins":[{"type":"test-veth"}]}""", Cancellation);
        return machine;
    }

    private static V1Pod Pod(string yaml)
    {
        var pod = k8s.KubernetesYaml.Deserialize<V1Pod>("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n, uid: u}\n" + yaml);
        pod.Spec.NodeName = "test";
        return pod;
    }

    /// <summary>One pod's life without an API server: what the worker would report there fails, and is tried again.</summary>
    private sealed class PodRun : IDisposable
    {
        private readonly KubeClient _client;
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        private readonly V1Pod _pod;

        public PodRun(KubeletTestMachine machine, V1Pod pod, params (string Name, IComponent Component)[] components)
        {
            _pod = pod;
            var connection = new KubeConnection { Server = new Uri("https://127.0.0.1:1") };
            _client = new KubeClient(connection);
            var options = new KubeletOptions
            {
                Machine = machine,
                NodeName = "test",
                Connection = connection,
                NodeIp = "192.0.2.1",
                StateFolder = State,
                Loggers = LoggerFactory.Create(logging => logging.AddProvider(new Told(Log))),
                Components = components.ToDictionary(c => c.Name, c => c.Component),
            };
            Worker = new PodWorker(new NodeContext(options, _client), pod);
            Ended = Task.Run(() => Worker.RunAsync(_stop.Token));
        }

        /// <summary>What the kubelet keeps.</summary>
        public string State { get; } = Directory.CreateTempSubdirectory("dpf-kubelet-state-").FullName;

        /// <summary>What the kubelet says.</summary>
        public ConcurrentQueue<string> Log { get; } = [];

        public PodWorker Worker { get; }

        public Task Ended { get; }

        public void Delete()
        {
            _pod.Metadata.DeletionTimestamp = TimeProvider.System.GetUtcNow().UtcDateTime;
            _pod.Metadata.DeletionGracePeriodSeconds = 5;
            Worker.Update(_pod);
        }

        public async Task<T> UntilAsync<T>(Func<PodWorker, T?> look)
            where T : class
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            limit.CancelAfter(TimeSpan.FromMinutes(1));
            while (true)
            {
                if (look(Worker) is { } found)
                {
                    return found;
                }

                Assert.False(limit.IsCancellationRequested, $"{string.Join('\n', Worker.Containers.Select(c => $"{c.Container.Name}: {KubernetesJson.Serialize(c.Status)}"))}\n{string.Join('\n', Log)}");
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
            }
        }

        public void Dispose()
        {
            _stop.Cancel();
            _stop.Dispose();
            _client.Dispose();
            Directory.Delete(State, recursive: true);
        }
    }

    private sealed class Told(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
