using System.Net;
using System.Net.WebSockets;
using System.Text;
using Dpf.Lab.Repository;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Fleet.Hardware;

/// <summary>
/// What answers on every host: commands in DMS pods, of which the last restarts the host, and, without encryption, the boot image.
/// </summary>
internal sealed class HostConsole(Machines machines, Authority authority, FleetOptions options) : IAsyncDisposable
{
    private readonly byte[] _image = BootImage.Create("bf-bundle-1.2.3.bfb", 4096);
    private readonly Random _random = new(options.Seed);
    private WebApplication? _app;

    /// <summary>Where API servers ask for commands.</summary>
    public int ExecPort { get; private set; }

    /// <summary>Where the boot image is.</summary>
    public string ImageAddress { get; private set; } = "";

    public async Task StartAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Any, 0, listen => listen.UseHttps(authority.Of("console").Certificate.TargetCertificate));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/exec/{ns}/{pod}/{container}", ExecAsync);
        _app.Map("/bf-bundle.bfb", http => http.Response.Body.WriteAsync(_image, http.RequestAborted).AsTask());
        await _app.StartAsync(cancellation);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        ExecPort = new Uri(addresses.First(a => a.StartsWith("https", StringComparison.Ordinal)).Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port;
        ImageAddress = addresses.First(a => a.StartsWith("http:", StringComparison.Ordinal)) + "/bf-bundle.bfb";
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            using var grace = new CancellationTokenSource(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            await _app.StopAsync(grace.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _app.DisposeAsync();
        }
    }

    private async Task ExecAsync(HttpContext http)
    {
        var command = string.Join(' ', http.Request.Query["command"].ToArray());
        var pod = (string)http.Request.RouteValues["pod"]!;
        var card = machines.Card(pod[..pod.LastIndexOf('-')]);
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = "v5.channel.k8s.io" });
        var isLast = command.EndsWith(" host", StringComparison.Ordinal) || command.StartsWith("ipmitool", StringComparison.Ordinal);
        if (isLast && card is not null)
        {
            // The host goes down, with or without a last word.
            machines.Boot(card.Host);
            bool isLost;
            lock (_random)
            {
                isLost = _random.NextDouble() < options.LostAnswers;
            }

            if (isLost)
            {
                http.Abort();
                return;
            }
        }

        await socket.SendAsync(
            new ReadOnlyMemory<byte>([3, .. Encoding.UTF8.GetBytes("""{"status":"Success"}""")]), WebSocketMessageType.Binary, true, http.RequestAborted);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", http.RequestAborted);
    }
}
