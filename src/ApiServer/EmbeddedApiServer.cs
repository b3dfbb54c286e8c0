using System.Net;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;
using Dpf.ApiServer.Strategies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer;

/// <summary>A Kubernetes API server inside this process: HTTPS, durable on disk, alike to kubectl and to any client.</summary>
public sealed class EmbeddedApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private readonly string? _ownFolder;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _background = Task.CompletedTask;

    private EmbeddedApiServer(WebApplication app, ServerComposition composition, string? ownFolder)
    {
        (_app, Composition, _ownFolder) = (app, composition, ownFolder);
        composition.Stopping = _stop.Token;
    }

    /// <summary>The server's parts.</summary>
    public ServerComposition Composition { get; }

    /// <summary>Where it is reached, e.g. <c>https://127.0.0.1:34567</c>.</summary>
    public string Address => Composition.Address;

    /// <summary>The certificate authority, PEM.</summary>
    public string CaPem => Composition.Certificates.CaPem;

    /// <summary>A kubeconfig that may do everything. A secret.</summary>
    public string AdminKubeconfig => KubeconfigFor("kubernetes-admin", ["system:masters"]);

    /// <summary>Starts a server; when this returns it serves requests.</summary>
    /// <exception cref="IOException">An endpoint is taken, or the data folder is not usable.</exception>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken cancellation = default)
    {
        var ownFolder = options.DataPath is null ? Directory.CreateTempSubdirectory("dpf-apiserver-").FullName : null;
        var folder = options.DataPath ?? ownFolder!;
        Directory.CreateDirectory(folder);
        if (options.Endpoints.Count == 0)
        {
            options = options with { Endpoints = [new ApiEndpoint()] };
        }

        var composition = new ServerComposition
        {
            Options = options,
            Certificates = ClusterCertificates.Open(Path.Combine(folder, "pki"), options.Time),
            Store = SqliteStore.Open(Path.Combine(folder, "state.db"), options.WatchHistory),
        };
        composition.Compose();
        var app = Build(composition);
        var server = new EmbeddedApiServer(app, composition, ownFolder);
        try
        {
            await app.StartAsync(cancellation);
            composition.Address = server.ListenAddress();
            foreach (var step in composition.Bootstrap)
            {
                await step(cancellation);
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server._background = Task.WhenAll(composition.Background.Select(b => Task.Run(() => server.KeepAsync(b), CancellationToken.None)));
        server._ready.TrySetResult();
        return server;
    }

    /// <summary>A kubeconfig for a user with a fresh client certificate. A secret.</summary>
    public string KubeconfigFor(string user, IReadOnlyCollection<string> groups, string? address = null)
    {
        using var certificate = Composition.Certificates.Client(user, groups);
        return Kubeconfigs.Of(CaPem, address ?? Address, Composition.Options.ClusterName, user, certificate);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using (var grace = new CancellationTokenSource(TimeSpan.FromMilliseconds(500), Composition.Options.Time))
        {
            await _app.StopAsync(grace.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
        await Composition.Store.DisposeAsync();
        Composition.Certificates.Dispose();
        _stop.Dispose();
        if (_ownFolder is not null)
        {
            Directory.Delete(_ownFolder, recursive: true);
        }
    }


    private static WebApplication Build(ServerComposition composition)
    {
        var options = composition.Options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(options.Loggers);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        var names = options.Endpoints.Select(e => e.Host)
            .Concat(["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", $"kubernetes.default.svc.{options.ClusterDomain}"])
            .Append(new ServiceNetworks(options.ServiceCidr).First)
            .Concat(options.ExtraSans).Distinct(StringComparer.Ordinal).ToList();
        var certificate = composition.Certificates.Serving(names);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
            foreach (var endpoint in options.Endpoints)
            {
                kestrel.Listen(
                    endpoint.Socket is null ? IPAddress.Parse(endpoint.Host) : IPAddress.Any, endpoint.Port,
                    listen => listen.UseHttps(https =>
                    {
                        https.ServerCertificate = certificate;
                        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                        https.ClientCertificateValidation = (_, _, _) => true;
                        https.OnAuthenticate = (_, tls) => tls.CertificateChainPolicy = composition.Certificates.ClientPolicy();
                    }));
            }
        });
        builder.WebHost.UseSockets(s => s.CreateBoundListenSocket = endpoint =>
        {
            if (options.Endpoints.FirstOrDefault(e => e.Socket is not null && endpoint is IPEndPoint ip && e.Port == ip.Port) is { } own)
            {
                return own.Socket!();
            }

            return Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        });
        var app = builder.Build();
        var pipeline = new RequestPipeline(composition);
        app.Run(pipeline.HandleAsync);
        return app;
    }

    private string ListenAddress()
    {
        var first = Composition.Options.Endpoints[0];
        if (first.Port != 0)
        {
            return $"https://{first.Host}:{first.Port}";
        }

        var bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return $"https://{first.Host}:{new Uri(bound).Port}";
    }

    private async Task KeepAsync(IBackgroundService service)
    {
        await _ready.Task;
        var logger = Composition.Options.Loggers.CreateLogger(service.GetType().Name);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await service.RunAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                logger.LogError(e, "ended; starting again");
                await Task.Delay(TimeSpan.FromSeconds(1), Composition.Options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
