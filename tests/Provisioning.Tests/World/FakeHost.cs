using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Provisioning.Dms;
using Dpf.Provisioning.Dpus;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Pods;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.World;

/// <summary>A worker as the API shows it: its node, a kubelet that says its pods run, and a DMS for each DMS pod.</summary>
internal sealed class FakeHost : IAsyncDisposable
{
    private readonly KubeClient _admin;
    private readonly TestAuthority _authority;
    private readonly DmsScript _dms;
    private readonly WebApplication _kubelet;
    private readonly ConcurrentDictionary<string, FakeDms> _servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _boots = 1;

    private FakeHost(string name, string address, KubeClient admin, TestAuthority authority, DmsScript dms)
    {
        (Name, Address, _admin, _authority, _dms) = (name, address, admin, authority, dms);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        var (certificate, key) = authority.Issue(name, [address], isServer: true);
        var serving = X509Certificate2.CreateFromPem(certificate, key);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Parse(address), 0, listen => listen.UseHttps(serving)));
        _kubelet = builder.Build();
        _kubelet.UseWebSockets();
        _kubelet.Map("/exec/{ns}/{pod}/{container}", ExecAsync);
    }

    public string Name { get; }

    public string Address { get; }

    /// <summary>The commands that were run in pods.</summary>
    public ConcurrentQueue<string> Commands { get; } = [];

    /// <summary>Whether a command that takes the host down works.</summary>
    public bool Obeys { get; set; } = true;

    /// <summary>Why commands do not start at all; null for that they do.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether it restarts when it is told to; otherwise when the test says so.</summary>
    public bool Restarts { get; set; } = true;

    /// <summary>What pods of DMS say of themselves instead of running; null for that they run.</summary>
    public string? DmsStatus { get; set; }

    /// <summary>Whether pods run at all.</summary>
    public bool RunsPods { get; set; } = true;

    /// <summary>Whether pods are bound to it.</summary>
    public bool TakesPods { get; set; } = true;

    /// <summary>Whether host network pods become ready.</summary>
    public bool HasNetwork { get; set; } = true;

    /// <summary>What host network pods say of the host; null for nothing.</summary>
    public string? NetworkSays { get; set; }

    public static async Task<FakeHost> StartAsync(
        string name, string address, KubeClient admin, TestAuthority authority, DmsScript dms, IReadOnlyDictionary<string, string> labels)
    {
        var host = new FakeHost(name, address, admin, authority, dms);
        await host._kubelet.StartAsync();
        var bound = host._kubelet.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await admin.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string>(labels) } }, host._stop.Token);
        await host.ReportAsync(new Uri(bound).Port);
        host._running = Task.Run(host.KeepPodsAsync);
        return host;
    }

    /// <summary>Boots anew.</summary>
    public async Task RebootAsync()
    {
        _boots++;
        await ReportAsync(null);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        await _kubelet.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ReportAsync(int? port)
    {
        var status = new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = Address }, new JsonObject { ["type"] = "Hostname", ["address"] = Name }),
            ["nodeInfo"] = new JsonObject
            {
                ["bootID"] = $"{Name}-boot-{_boots}", ["architecture"] = "amd64", ["containerRuntimeVersion"] = "x", ["kernelVersion"] = "x", ["kubeProxyVersion"] = "x",
                ["kubeletVersion"] = "x", ["machineID"] = "x", ["operatingSystem"] = "linux", ["osImage"] = "x", ["systemUUID"] = "x",
            },
        };
        if (port is { } kubelet)
        {
            status["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = kubelet } };
        }

        await _admin.PatchStatusAsync<V1Node>(null, Name, new JsonObject { ["status"] = status }, _stop.Token);
    }

    private async Task KeepPodsAsync()
    {
        await using var cache = new Cache(_admin, TimeProvider.System, NullLoggerFactory.Instance);
        var pods = cache.Informer<V1Pod>(PodKeeper.Scope);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var pod in pods.All.Where(p => PodPlacement.PlaceOf(p) == Name))
                {
                    await KeepAsync(pod);
                }
            }
            catch (KubeException e) when (e.IsConflict || e.IsNotFound)
            {
                // Gone, or changed: seen the next time.
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A kubelet goes on; a test that fails by this one shows why.
                TestContext.Current.TestOutputHelper?.WriteLine($"host {Name}: {e.Message}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, _stop.Token);
        }
    }

    private async Task KeepAsync(V1Pod pod)
    {
        var (ns, name) = (pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        var isLeaving = pod.Metadata.DeletionTimestamp is not null;
        if ((isLeaving || HostPods.HasEnded(pod)) && _servers.TryRemove(pod.Metadata.Uid, out var gone))
        {
            await gone.DisposeAsync();
        }

        if (isLeaving)
        {
            await _admin.DeleteAsync<V1Pod>(ns, name, _stop.Token, gracePeriodSeconds: 0);
            return;
        }

        if (pod.Spec.NodeName is null)
        {
            if (!TakesPods)
            {
                return;
            }

            await _admin.SendRawAsync(
                HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/{name}/binding",
                new JsonObject
                {
                    ["apiVersion"] = "v1", ["kind"] = "Binding", ["metadata"] = new JsonObject { ["name"] = name },
                    ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = Name },
                },
                _stop.Token);
            return;
        }

        // One that has ended never runs again.
        if (!RunsPods || HostPods.HasEnded(pod))
        {
            return;
        }

        var isDms = pod.Spec.Containers[0].Name == "dms";
        if (isDms && DmsStatus is { } said)
        {
            if (_said.GetValueOrDefault(pod.Metadata.Uid) != said)
            {
                await _admin.PatchStatusAsync<V1Pod>(ns, name, new JsonObject { ["status"] = JsonNode.Parse(said) }, _stop.Token);
                _said[pod.Metadata.Uid] = said;
            }

            return;
        }

        if (isDms && !_servers.ContainsKey(pod.Metadata.Uid))
        {
            var secret = await _admin.GetAsync<V1Secret>(ns, pod.Spec.Volumes.First(v => v.Secret is not null).Secret.SecretName, _stop.Token);
            if (secret is null)
            {
                return;
            }

            _servers[pod.Metadata.Uid] = await FakeDms.StartAsync(
                new IPEndPoint(IPAddress.Parse(Address), DmsPod.PortOf(pod)), _dms, _authority.Pem,
                Encoding.UTF8.GetString(secret.Data["tls.crt"]), Encoding.UTF8.GetString(secret.Data["tls.key"]));
        }

        var isReady = isDms || HasNetwork;
        if (pod.Status?.Phase != "Running" || HostPods.IsReady(pod) != isReady)
        {
            await _admin.PatchStatusAsync<V1Pod>(
                ns, name,
                new JsonObject
                {
                    ["status"] = new JsonObject
                    {
                        ["phase"] = "Running",
                        ["podIP"] = Address,
                        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = isReady ? "True" : "False" }),
                    },
                },
                _stop.Token);
        }
    }

    private async Task ExecAsync(HttpContext http)
    {
        var command = string.Join(' ', http.Request.Query["command"].ToArray());
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = "v5.channel.k8s.io" });
        if (command == "cat /run/dpf/hostnetwork-says")
        {
            await SayAsync(socket, 1, NetworkSays ?? "");
            await SayAsync(socket, 3, """{"status":"Success"}""");
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", _stop.Token);
            return;
        }

        Commands.Enqueue($"{http.Request.RouteValues["pod"]}: {command}");
        var isLast = command.EndsWith(" host", StringComparison.Ordinal) || command.StartsWith("ipmitool", StringComparison.Ordinal);
        if (Refusal is { } refusal)
        {
            isLast = false;
            await SayAsync(socket, 3, new JsonObject { ["status"] = "Failure", ["reason"] = "InternalError", ["message"] = refusal }.ToJsonString());
        }
        else if (isLast && !Obeys)
        {
            await SayAsync(socket, 2, "no such card");
            await SayAsync(socket, 3, """{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"2"}]}}""");
        }
        else
        {
            await SayAsync(socket, 3, """{"status":"Success"}""");
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", _stop.Token);
        if (isLast && Obeys && Restarts)
        {
            await RebootAsync();
        }
    }

    private Task SayAsync(WebSocket socket, byte channel, string text) =>
        socket.SendAsync(new ReadOnlyMemory<byte>([channel, .. Encoding.UTF8.GetBytes(text)]), WebSocketMessageType.Binary, true, _stop.Token).AsTask();
}
