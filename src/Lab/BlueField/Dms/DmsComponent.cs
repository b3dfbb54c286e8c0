using System.Net.Sockets;
using Dpf.Runtime.Hosting;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.BlueField.Dms;

/// <summary>
/// <c>dms --bind-address=ADDRESS:PORT --target-pci=BUS:DEVICE --image-folder=FOLDER --exec-timeout=SECONDS --ca=FILE --tls-cert=FILE
/// --tls-key=FILE</c>: the gNOI and gNMI server in front of the simulated card of its host. Clients show a certificate of the
/// authority.
/// </summary>
public sealed class DmsComponent : IComponent
{
    private readonly Func<string, string, Func<string, CancellationToken, Task>> _installerOf;

    /// <summary>A component for the hosts of a lab.</summary>
    /// <param name="cardOf">From a host's name to its card.</param>
    public DmsComponent(Func<string, BlueFieldCard> cardOf)
        : this((host, pci) => BlueFieldCard.PfAddress == $"0000:{pci}.0"
            ? cardOf(host).InstallAsync
            : throw new InvalidOperationException($"{host} has no BlueField at {pci}; the lab's is at {BlueFieldCard.PfAddress}"))
    {
    }

    internal DmsComponent(Func<string, string, Func<string, CancellationToken, Task>> installerOf) => _installerOf = installerOf;

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var options = DmsOptions.Of(context);
        var logger = context.Loggers.CreateLogger("dms");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var installation = new Installation(
            _installerOf(context.Machine.HostName, options.TargetPci), options.ExecTimeout, logger, context.Time, ended.Token);
        await using var app = Build(context, options, installation);
        await app.StartAsync(cancellation);
        logger.LogInformation("serves the card at {Pci} at {Endpoint}", options.TargetPci, options.Endpoint);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellation);
        }
        finally
        {
            await ended.CancelAsync();
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1), context.Time);
            await app.StopAsync(grace.Token);
            await installation.EndAsync();
        }
    }

    private static WebApplication Build(ComponentContext context, DmsOptions options, Installation installation)
    {
        var certificates = new DmsCertificates(options.Tls.Authority, options.Tls.Certificate, options.Tls.Key);
        var builder = EmbeddedWeb.CreateBuilder(context.Loggers);
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new DmsService(
            new ImageFolder(options.ImageFolder, context.Machine.HostName), installation, context.Time));
        builder.Services.AddSingleton<IServiceMethodProvider<DmsService>, DmsServiceMethods>();
        var host = builder.WebHost.UseKestrelCore();
        host.UseKestrelHttpsConfiguration();
        host.ConfigureKestrel(kestrel => kestrel.Listen(options.Endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificateSelector = (_, _) => certificates.Serving();
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, _, _) => certificates.IsTrusted(client);
            });
        }));
        host.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            var socket = context.Network.CreateSocket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(endpoint);
            return socket;
        });
        var app = builder.Build();
        app.MapGrpcService<DmsService>();
        return app;
    }
}
