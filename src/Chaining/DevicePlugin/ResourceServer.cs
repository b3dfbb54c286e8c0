using System.Net;
using System.Net.Sockets;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>One resource's server for the kubelet: gRPC over a unix socket in the kubelet's folder.</summary>
internal sealed class ResourceServer(
    ComponentContext context, DeviceSelection selection, Func<IReadOnlyList<string>> devices, ILogger logger)
{
    private const string Folder = "/var/lib/kubelet/device-plugins";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly string _endpoint = selection.Resource.Replace('/', '_') + ".sock";

    /// <summary>Serves until cancelled, or until the kubelet starts anew and so forgets its plugins.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var socket = context.Machine.Path($"{Folder}/{_endpoint}");
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        File.Delete(socket);
        var builder = EmbeddedWeb.CreateBuilder();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            kestrel => kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(request => AnswerAsync(request, cancellation));
        await app.StartAsync(cancellation);
        try
        {
            await RegisterAsync(cancellation);
            while (File.Exists(socket))
            {
                await Task.Delay(Interval, context.Time, cancellation);
            }
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException)
        {
            logger.LogWarning("{Resource}: the kubelet does not answer: {Message}; trying again", selection.Resource, e.Message);
        }
        finally
        {
            await app.StopAsync(CancellationToken.None);
        }
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, stop) => Dialing.UnixAsync(context.Machine.Path($"{Folder}/kubelet.sock"), stop),
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://kubelet/v1beta1.Registration/Register")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(DeviceWire.Frame(DeviceWire.Register(_endpoint, selection.Resource))),
        };
        request.Headers.TE.ParseAdd("trailers");
        request.Content.Headers.ContentType = new("application/grpc");
        using var response = await http.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync(cancellation);
        var status = response.TrailingHeaders.Concat(response.Headers)
            .Where(h => h.Key == "grpc-status").SelectMany(h => h.Value).FirstOrDefault();
        if (status is not (null or "0"))
        {
            throw new HttpRequestException($"registration refused with gRPC status {status}");
        }
    }

    private async Task AnswerAsync(HttpContext call, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        await call.Request.Body.CopyToAsync(body, cancellation);
        call.Response.ContentType = "application/grpc";
        switch (call.Request.Path.Value)
        {
            case "/v1beta1.DevicePlugin/ListAndWatch":
                await WatchAsync(call, cancellation);
                break;
            case "/v1beta1.DevicePlugin/Allocate":
                var requested = DeviceWire.Requested(DeviceWire.Unframe(body.ToArray()));
                var variable = "PCIDEVICE_" + selection.Resource.Replace('/', '_').Replace('.', '_').ToUpperInvariant();
                await SendAsync(call, DeviceWire.Allocated(variable, requested), cancellation);
                break;
            default:
                // GetDevicePluginOptions and PreStartContainer: nothing is asked for, nothing is to be said.
                await SendAsync(call, [], cancellation);
                break;
        }

        call.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task WatchAsync(HttpContext call, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, call.RequestAborted);
        IReadOnlyList<string>? last = null;
        try
        {
            while (true)
            {
                var now = devices();
                if (last is null || !now.SequenceEqual(last))
                {
                    await SendAsync(call, DeviceWire.Devices(now), end.Token);
                    last = now;
                }

                await Task.Delay(Interval, context.Time, end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The kubelet is gone, or the plugin goes.
        }
    }

    private static async Task SendAsync(HttpContext call, byte[] message, CancellationToken cancellation)
    {
        await call.Response.Body.WriteAsync(DeviceWire.Frame(message), cancellation);
        await call.Response.Body.FlushAsync(cancellation);
    }
}
