using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dpf.Lab.Kubelet.Containers;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Tls;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Lab.Kubelet.Serving;

/// <summary>The kubelet's own server, which the API server asks for logs, exec and port forwarding.</summary>
internal sealed class KubeletServer(NodeContext node, PodManager pods)
{
    private const int Attempts = 20;

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var certificate = Certificate();
        var builder = EmbeddedWeb.CreateBuilder();
        builder.Services.AddRoutingCore();
        var host = builder.WebHost.UseKestrelCore();
        host.UseKestrelHttpsConfiguration();
        host.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, node.Options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            });
        }));
        host.UseSockets(sockets => sockets.CreateBoundListenSocket = Bind);
        await using var app = builder.Build();
        app.UseWebSockets();
        app.Use(AuthorizeAsync);
        app.MapGet("/healthz", () => Results.Text("ok"));
        app.MapGet("/pods", ListPods);
        app.MapGet("/containerLogs/{ns}/{pod}/{container}", LogsAsync);
        app.MapMethods("/exec/{ns}/{pod}/{container}", ["GET", "POST"], (string ns, string pod, string container, HttpContext http) =>
            WithRunningAsync(ns, pod, container, http, running => ExecSession.RunAsync(node, running, http)));
        app.MapPost("/run/{ns}/{pod}/{container}", (string ns, string pod, string container, HttpContext http) =>
            WithRunningAsync(ns, pod, container, http, running => RunCommandAsync(running, http)));
        app.MapMethods("/attach/{ns}/{pod}/{container}", ["GET", "POST"], AttachAsync);
        app.MapMethods("/portForward/{ns}/{pod}", ["GET", "POST"], ForwardAsync);
        await StartAsync(app, cancellation);
        try
        {
            await node.DelayAsync(Timeout.InfiniteTimeSpan, cancellation);
        }
        finally
        {
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1), node.Time);
            await app.StopAsync(grace.Token);
        }
    }

    // A new kubelet may come while the old one's socket is still closing.
    private async Task StartAsync(WebApplication app, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await app.StartAsync(cancellation);
                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                await node.DelayAsync(TimeSpan.FromMilliseconds(250), cancellation);
            }
        }
    }

    private Socket Bind(EndPoint endpoint)
    {
        var socket = node.Machine.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(endpoint);
        return socket;
    }

    private X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=system:node:" + node.Options.NodeName, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(node.Options.NodeName);
        names.AddIpAddress(IPAddress.Parse(node.Options.NodeIp));
        request.CertificateExtensions.Add(names.Build());
        var now = node.Time.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddYears(1));
    }

    /// <summary>Only who has a certificate of the cluster's authority may ask for more than health.</summary>
    private async Task AuthorizeAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path == "/healthz" || IsTrusted(http.Connection.ClientCertificate))
        {
            await next(http);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await http.Response.WriteAsync("Unauthorized: show a client certificate of the cluster's authority", http.RequestAborted);
    }

    private bool IsTrusted(X509Certificate2? certificate)
    {
        if (certificate is null || node.Options.Connection.CertificateAuthority is not { } authority)
        {
            return false;
        }

        var subject = certificate.Subject;
        return TlsTrust.Only(authority).Trusts(certificate) && !subject.Contains("O=system:nodes", StringComparison.Ordinal);
    }

    private IResult ListPods() => Results.Text(
        new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PodList",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. pods.Workers.Select(w => JsonNode.Parse(KubernetesJson.Serialize(w.Pod)))]),
        }.ToJsonString(), "application/json");

    private async Task LogsAsync(string ns, string pod, string container, HttpContext http)
    {
        var worker = pods.Find(ns, pod);
        if (worker?.Containers.FirstOrDefault(c => c.Container.Name == container) is not { } runner)
        {
            await FailAsync(http, StatusCodes.Status400BadRequest, worker is null
                ? $"pod {ns}/{pod} is not on this node"
                : $"container \"{container}\" in pod \"{pod}\" is waiting to start: ContainerCreating");
            return;
        }

        var previous = http.Request.Query["previous"] == "true";

        // While it waits to be started again, the run that ended is the last one, and the one before the next.
        var run = runner.Status.RestartCount - (previous && runner.Status.State?.Waiting is null ? 1 : 0);
        var path = node.Machine.Path(PodScope.LogPath(worker.Pod, container, run));
        if (!File.Exists(path))
        {
            await FailAsync(http, StatusCodes.Status400BadRequest, previous
                ? $"previous terminated container \"{container}\" in pod \"{pod}\" not found"
                : $"container \"{container}\" in pod \"{pod}\" is waiting to start: {runner.Status.State?.Waiting?.Reason ?? "ContainerCreating"}");
            return;
        }

        http.Response.ContentType = "text/plain";
        var reader = new LogReader(path, LogRequest.From(http.Request.Query, node.Time.GetUtcNow()), node.Time);
        try
        {
            await reader.CopyAsync(
                http.Response.Body, () => runner.Completed.IsCompleted || runner.Status.RestartCount != run, http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Nobody reads any more.
        }
    }

    private async Task WithRunningAsync(string ns, string pod, string container, HttpContext http, Func<IRunningContainer, Task> serve)
    {
        var runner = pods.Find(ns, pod)?.Containers.FirstOrDefault(c => c.Container.Name == container);
        if (runner?.Running is { } running)
        {
            await serve(running);
            return;
        }

        await FailAsync(http, StatusCodes.Status404NotFound, $"container {container} of pod {ns}/{pod} is not running");
    }

    private async Task RunCommandAsync(IRunningContainer running, HttpContext http)
    {
        var words = http.Request.Query["cmd"].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var result = await node.Machine.RunAsync(running.Exec(words, terminal: false), http.RequestAborted);
        http.Response.StatusCode = result.Succeeded ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        await http.Response.WriteAsync(result.Output + result.Error, http.RequestAborted);
    }

    /// <summary>Attaching shows what the container writes from now on.</summary>
    private Task AttachAsync(string ns, string pod, string container, HttpContext http) =>
        WithRunningAsync(ns, pod, container, http, async _ =>
        {
            var worker = pods.Find(ns, pod)!;
            var runner = worker.Containers.First(c => c.Container.Name == container);
            if (!http.WebSockets.IsWebSocketRequest)
            {
                await FailAsync(http, StatusCodes.Status400BadRequest, "attach needs a WebSocket (v5.channel.k8s.io)");
                return;
            }

            var protocol = ChannelSocket.Protocols.FirstOrDefault(http.WebSockets.WebSocketRequestedProtocols.Contains);
            using var accepted = await http.WebSockets.AcceptWebSocketAsync(protocol);
            using var socket = new ChannelSocket(accepted);
            var pipe = new System.IO.Pipelines.Pipe();
            var reader = new LogReader(
                node.Machine.Path(PodScope.LogPath(worker.Pod, container, runner.Status.RestartCount)),
                new LogRequest(Follow: true, Timestamps: false, Tail: 0, Since: null, Limit: null), node.Time);
            await using var from = pipe.Reader.AsStream();
            try
            {
                var copying = Task.Run(async () =>
                {
                    await using var to = pipe.Writer.AsStream();
                    await reader.CopyAsync(to, () => runner.Completed.IsCompleted, http.RequestAborted);
                });
                await socket.CopyAsync(from, ChannelSocket.Output, http.RequestAborted);
                await copying;
                await socket.EndAsync(0, null, http.RequestAborted);
            }
            catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException)
            {
                // Detached.
            }
        });

    private async Task ForwardAsync(string ns, string pod, HttpContext http)
    {
        if (pods.Find(ns, pod)?.Sandbox is not { } sandbox)
        {
            await FailAsync(http, StatusCodes.Status404NotFound, $"pod {ns}/{pod} is not running");
            return;
        }

        var network = sandbox.NetworkPath is null ? node.Machine.Network : node.Machine.NetworkAt(sandbox.NetworkPath);
        await PortForwardSession.RunAsync(network, http);
    }

    private static Task FailAsync(HttpContext http, int code, string message)
    {
        http.Response.StatusCode = code;
        return http.Response.WriteAsync(message, http.RequestAborted);
    }
}
