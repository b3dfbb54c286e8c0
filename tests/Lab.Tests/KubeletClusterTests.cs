using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dpf.ApiServer;
using Dpf.Lab.ControlPlane;
using Dpf.Lab.ControlPlane.Nodes;
using Dpf.Lab.Kubelet;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Pods;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Tests;

/// <summary>The kubelet and an API server in one machine's network. Needs root.</summary>
public sealed class KubeletClusterTests
{
    private const int Port = 6443;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_registers_and_runs_a_pod_that_can_be_watched_entered_and_deleted()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await KubeletTestMachine.BootAsync(Cancellation);
        await using var server = await ServeAsync(machine);
        using var client = KubeClient.FromKubeconfig(server.AdminKubeconfig, machine.Network);
        var state = Directory.CreateTempSubdirectory("dpf-kubelet-state-").FullName;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var kubelet = new Kubelet.Kubelet(new KubeletOptions
        {
            Machine = machine,
            NodeName = "test",
            Connection = KubeConnection.FromKubeconfig(server.KubeconfigFor("system:node:test", ["system:nodes"])),
            NodeIp = "127.0.0.1",
            StateFolder = state,
            Components = new Dictionary<string, IComponent> { ["reader"] = new DelegateComponent(ReadAsync) },
        });
        var running = kubelet.RunAsync(stop.Token);
        try
        {
            var node = await UntilAsync(() => client.GetAsync<V1Node>(null, "test", Cancellation), n => n.Status?.Conditions is not null);
            Assert.Equal("False", node.Status.Conditions.Single(c => c.Type == "Ready").Status);
            await PrepareAsync(client);
            var pod = await UntilAsync(() => client.GetAsync<V1Pod>("default", "p", Cancellation), IsReady);
            Assert.Equal("Running", pod.Status.Phase);

            var exec = await client.ExecAsync("default", "p", "real", ["cat", "/config/text"], Cancellation);
            Assert.Equal((0, "one"), (exec.ExitCode, exec.Output));
            Assert.Equal(3, (await client.ExecAsync("default", "p", "real", ["sh", "-c", "exit 3"], Cancellation)).ExitCode);
            await client.PatchAsync<V1ConfigMap>("default", "config", new JsonObject { ["data"] = new JsonObject { ["text"] = "two" } }, Cancellation);
            await UntilAsync(async () => await client.ExecAsync("default", "p", "real", ["cat", "/config/text"], Cancellation), r => r.Output == "two");
            await UntilAsync(async () => await LogAsync(client, "hosted"), log => log.Contains("pods: 1", StringComparison.Ordinal));
            Assert.Equal("started with one\n", await LogAsync(client, "real"));
            await FailingAsync(client);

            await client.DeleteAsync<V1Pod>("default", "p", Cancellation);
            await UntilAsync(async () => await client.GetAsync<V1Pod>("default", "p", Cancellation) is null ? "gone" : null, _ => true);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public async Task A_node_joins_with_a_token_and_starts_its_pods_anew()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var machine = await KubeletTestMachine.BootAsync(Cancellation);
        await using var server = await ServeAsync(machine);
        using var client = KubeClient.FromKubeconfig(server.AdminKubeconfig, machine.Network);
        await client.CreateAsync(
            new V1Secret
            {
                Metadata = new V1ObjectMeta { Name = "bootstrap-token-abcdef", NamespaceProperty = "kube-system" },
                Type = "bootstrap.kubernetes.io/token",
                StringData = new Dictionary<string, string>
                {
                    ["token-id"] = "abcdef", ["token-secret"] = "0123456789abcdef", ["usage-bootstrap-authentication"] = "true",
                },
            }, Cancellation);
        var state = Directory.CreateTempSubdirectory("dpf-kubelet-state-").FullName;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var controllers = ClusterControllers.RunAsync(
            client, new ControlPlaneOptions { Sign = CertificateSigner.For(server.Composition.Certificates.Ca, TimeProvider.System) }, stop.Token);
        var options = new KubeletOptions
        {
            Machine = machine,
            NodeName = "test",
            Connection = new KubeConnection
            {
                Server = new Uri(server.Address), CertificateAuthority = server.CaPem, Token = () => "abcdef.0123456789abcdef",
            },
            NodeIp = "127.0.0.1",
            StateFolder = state,
        };
        using var first = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = new Kubelet.Kubelet(options).RunAsync(first.Token);
        try
        {
            await ApproveAsync(client);
            await UntilAsync(() => client.GetAsync<V1Node>(null, "test", Cancellation), n => n.Status?.NodeInfo is not null);
            Directory.CreateDirectory(machine.Path("/etc/cni/net.d"));
            await File.WriteAllTextAsync(machine.Path("/etc/cni/net.d/10-none.conf"), "{\"name\":\"none\",\"type\":\"none\"}", Cancellation);
            await UntilAsync(
                () => client.GetAsync<V1Node>(null, "test", Cancellation), n => n.Status.Conditions.Any(c => c.Type == "Ready" && c.Status == "True"));
            await client.CreateAsync(k8s.KubernetesYaml.Deserialize<V1DaemonSet>("""
                metadata: {name: d, namespace: default}
                spec:
                  selector: {matchLabels: {app: d}}
                  template:
                    metadata: {labels: {app: d}}
                    spec:
                      hostNetwork: true
                      terminationGracePeriodSeconds: 0
                      containers: [{name: c, image: debian, command: [sleep, "1000"]}]
                """), Cancellation);
            await UntilAsync(() => PodAsync(client), IsReady);

            await first.CancelAsync();
            await running;
            running = new Kubelet.Kubelet(options).RunAsync(stop.Token);
            var again = await UntilAsync(() => PodAsync(client), p => IsReady(p) && p.Status.ContainerStatuses[0].RestartCount == 1);

            // The first kubelet may or may not have seen its container end.
            Assert.Contains(again.Status.ContainerStatuses[0].LastState.Terminated.Reason, (string[])["ContainerStatusUnknown", "Error"]);
        }
        finally
        {
            await stop.CancelAsync();
            await first.CancelAsync();
            await Task.WhenAll(running, controllers).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            Directory.Delete(state, recursive: true);
        }
    }

    /// <summary>What an administrator does with a request that nothing has approved by itself.</summary>
    private static async Task ApproveAsync(KubeClient client)
    {
        var request = await UntilAsync(
            async () => await client.ListAsync<V1CertificateSigningRequest>(null, Cancellation) is [var only, ..] ? only : null, _ => true);
        Assert.Equal("kubernetes.io/kube-apiserver-client-kubelet", request.Spec.SignerName);
        request.Status = new V1CertificateSigningRequestStatus
        {
            Conditions = [new V1CertificateSigningRequestCondition { Type = "Approved", Status = "True", Reason = "Test", Message = "by hand" }],
        };
        try
        {
            await client.UpdateAsync(request, Cancellation, "approval");
        }
        catch (KubeException e) when (e.IsConflict)
        {
            // The controller was faster.
        }
    }

    private static async Task<V1Pod?> PodAsync(KubeClient client) =>
        await client.ListAsync<V1Pod>("default", Cancellation) is [var only, ..] ? only : null;

    private static Task<EmbeddedApiServer> ServeAsync(KubeletTestMachine machine) => EmbeddedApiServer.StartAsync(
        new ApiServerOptions
        {
            Endpoints = [new ApiEndpoint { Host = "127.0.0.1", Port = Port, Socket = () => Listen(machine) }],
            Dialer = async (host, port, cancellation) =>
            {
                var socket = machine.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(host, port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }, Cancellation);

    /// <summary>A component that uses its service account.</summary>
    private static async Task ReadAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        var pods = await client.ListAsync<V1Pod>("default", cancellation);
        context.Loggers.CreateLogger("reader").LogInformation("pods: {Count}", pods.Count);
        await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellation);
    }

    private static async Task PrepareAsync(KubeClient client)
    {
        if (await client.GetAsync<V1ServiceAccount>("default", "default", Cancellation) is null)
        {
            await client.CreateAsync(new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = "default" } }, Cancellation);
        }

        if (await client.GetAsync<V1ConfigMap>("default", "kube-root-ca.crt", Cancellation) is null)
        {
            await client.CreateAsync(
                new V1ConfigMap
                {
                    Metadata = new V1ObjectMeta { Name = "kube-root-ca.crt", NamespaceProperty = "default" },
                    Data = new Dictionary<string, string> { ["ca.crt"] = client.Connection.CertificateAuthority! },
                }, Cancellation);
        }

        await client.CreateAsync(k8s.KubernetesYaml.Deserialize<V1ClusterRoleBinding>("""
            metadata: {name: test}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
            subjects: [{kind: ServiceAccount, name: default, namespace: default}]
            """), Cancellation);
        var pod = k8s.KubernetesYaml.Deserialize<V1Pod>("""
            metadata: {name: p, namespace: default}
            spec:
              nodeName: test
              hostNetwork: true
              terminationGracePeriodSeconds: 1
              volumes: [{name: config, configMap: {name: config}}]
              containers:
              - name: real
                image: debian
                command: [sh, -c, "echo started with $(cat /config/text); exec sleep 1000"]
                volumeMounts: [{name: config, mountPath: /config}]
                readinessProbe: {exec: {command: [test, -e, /config/text]}}
              - {name: hosted, image: dpf, command: [dpf, run, reader]}
            """);
        await client.CreateAsync(pod, Cancellation);

        // The pod waits for what it mounts.
        await client.CreateAsync(
            new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = "config", NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["text"] = "one" },
            }, Cancellation);
    }

    /// <summary>What a container said that has ended is there while it waits for its next start; what cannot be said is told in words.</summary>
    private static async Task FailingAsync(KubeClient client)
    {
        await client.CreateAsync(k8s.KubernetesYaml.Deserialize<V1Pod>("""
            metadata: {name: failing, namespace: default}
            spec:
              nodeName: test
              hostNetwork: true
              terminationGracePeriodSeconds: 0
              containers: [{name: c, image: debian, command: [sh, -c, "echo no luck; exit 7"]}]
            """), Cancellation);
        var waits = await UntilAsync(
            () => client.GetAsync<V1Pod>("default", "failing", Cancellation),
            p => p.Status.ContainerStatuses?[0] is { RestartCount: > 1, State.Waiting.Reason: "CrashLoopBackOff" });
        Assert.Equal(7, waits.Status.ContainerStatuses[0].LastState.Terminated.ExitCode);
        Assert.Equal("no luck\n", await LogAsync(client, "c", "failing"));
        Assert.Equal("no luck\n", await LogAsync(client, "c", "failing", "&previous=true"));

        Assert.Contains("previous terminated container \\\"real\\\" in pod \\\"p\\\" not found", await LogAsync(client, "real", "p", "&previous=true"), StringComparison.Ordinal);
        Assert.Contains("container z is not valid for pod p", await LogAsync(client, "z"), StringComparison.Ordinal);
        Assert.Contains("a container name must be specified for pod p, choose one of: [real hosted]", await LogAsync(client, ""), StringComparison.Ordinal);
        Assert.Contains(
            "PodLogOptions \\\"p\\\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
            await LogAsync(client, "real", "p", "&tailLines=-1"), StringComparison.Ordinal);
    }

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true;

    /// <summary>A log, or the Status that says why there is none.</summary>
    private static async Task<string> LogAsync(KubeClient client, string container, string pod = "p", string more = "")
    {
        using var http = new HttpClient(client.Connection.CreateHandler()) { BaseAddress = client.Connection.Server };
        using var response = await http.GetAsync(new Uri($"/api/v1/namespaces/default/pods/{pod}/log?container={container}{more}", UriKind.Relative), Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static Socket Listen(KubeletTestMachine machine)
    {
        var socket = machine.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, Port));
        return socket;
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T?>> look, Func<T, bool> enough)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        T? last = null;
        try
        {
            while ((last = await look()) is null || !enough(last))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
            }
        }
        catch (OperationCanceledException e) when (!Cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"last seen: {(last is k8s.IKubernetesObject ? k8s.KubernetesJson.Serialize(last) : last)}", e);
        }

        return last!;
    }
}
