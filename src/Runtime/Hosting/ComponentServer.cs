using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Runtime.Hosting;

/// <summary>An HTTP server of a component: listens in the component's network.</summary>
public static class ComponentServer
{
    /// <summary>Serves until cancelled.</summary>
    /// <param name="context">The component.</param>
    /// <param name="port">The TCP port.</param>
    /// <param name="map">Adds the routes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="certificate">The serving certificate, asked for at every handshake; null for plain HTTP.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static Task ServeAsync(
        ComponentContext context, int port, Action<WebApplication> map, CancellationToken cancellation,
        Func<X509Certificate2>? certificate = null) =>
        ServeAsync(context, [new IPEndPoint(IPAddress.Any, port)], map, cancellation, certificate);

    /// <summary>Serves on several addresses until cancelled.</summary>
    /// <param name="context">The component.</param>
    /// <param name="endpoints">Addresses and ports.</param>
    /// <param name="map">Adds the routes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="certificate">The serving certificate, asked for at every handshake; null for plain HTTP.</param>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task ServeAsync(
        ComponentContext context, IReadOnlyList<IPEndPoint> endpoints, Action<WebApplication> map, CancellationToken cancellation,
        Func<X509Certificate2>? certificate = null)
    {
        var builder = EmbeddedWeb.CreateBuilder(context.Loggers);
        builder.Services.AddRoutingCore();
        var host = builder.WebHost.UseKestrelCore();
        if (certificate is not null)
        {
            host.UseKestrelHttpsConfiguration();
        }

        host.ConfigureKestrel(kestrel =>
        {
            foreach (var endpoint in endpoints)
            {
                kestrel.Listen(endpoint, listen =>
                {
                    if (certificate is not null)
                    {
                        listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate());
                    }
                });
            }
        });
        host.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            var socket = context.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(endpoint);
            return socket;
        });
        await using var app = builder.Build();
        map(app);
        await app.StartAsync(cancellation);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellation);
        }
        finally
        {
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1), context.Time);
            await app.StopAsync(grace.Token);
        }
    }
}
