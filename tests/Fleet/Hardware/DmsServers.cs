using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Dpf.Runtime.Dms;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Fleet.Hardware;

/// <summary>The DMS of every DMS pod, and behind it the cards that it installs.</summary>
internal sealed class DmsServers(Authority authority, FleetOptions options) : IAsyncDisposable
{
    private readonly DmsTransport _transport = new();
    private readonly ConcurrentDictionary<IPEndPoint, (Card Card, string Uid)> _pods = [];
    private readonly ConcurrentDictionary<(Card, string), string> _configurations = [];
    private WebApplication? _app;

    /// <summary>Starts; nobody listens yet.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.Services.AddSingleton<IServiceMethodProvider<DmsServers>, Methods>();
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 1, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;

                    // Kestrel asks for one before anybody knows which pod is called; each has its own.
                    https.ServerCertificate = authority.Of("dms").Certificate.TargetCertificate;
                    https.OnAuthenticate = (connection, tls) =>
                    {
                        tls.ServerCertificateContext = authority.Of(((IPEndPoint)connection.LocalEndPoint!).Address.ToString()).Certificate;
                        tls.CertificateChainPolicy = authority.ClientPolicy();
                    };
                });
            }));
        builder.Services.AddSingleton<IConnectionListenerFactory>(_transport);
        _app = builder.Build();
        _app.MapGrpcService<DmsServers>();
        await _app.StartAsync(cancellation);
    }

    /// <summary>A DMS pod runs.</summary>
    public void Run(IPEndPoint place, Card card, string uid)
    {
        _pods[place] = (card, uid);
        _transport.Open(place);
    }

    /// <summary>A DMS pod has ended.</summary>
    public void End(IPEndPoint place)
    {
        _transport.Close(place);
        _pods.TryRemove(place, out _);
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

    private (Card Card, string Uid) Pod(ServerCallContext call)
    {
        var connection = call.GetHttpContext().Connection;
        return _pods.TryGetValue(new IPEndPoint(connection.LocalIpAddress!, connection.LocalPort), out var pod)
            ? pod
            : throw new RpcException(new Status(StatusCode.Unavailable, "the pod has ended"));
    }

    /// <summary>The image is on the volume that all share; a configuration is sent.</summary>
    private async Task InstallAsync(IAsyncStreamReader<InstallRequest> requests, IServerStreamWriter<InstallResponse> responses, ServerCallContext call)
    {
        var (card, uid) = Pod(call);
        await requests.MoveNext(call.CancellationToken);
        var name = requests.Current.Version!;
        if (!name.EndsWith(".bfb", StringComparison.Ordinal))
        {
            await responses.WriteAsync(new InstallResponse { Step = InstallStep.TransferReady });
            using var content = new MemoryStream();
            while (await requests.MoveNext(call.CancellationToken) && !requests.Current.End)
            {
                requests.Current.Content!.WriteTo(content);
            }

            _configurations[(card, uid)] = Encoding.UTF8.GetString(content.ToArray());
        }

        await responses.WriteAsync(new InstallResponse { Step = InstallStep.Validated, Text = name });
    }

    private Task<ActivateResponse> ActivateAsync(ServerCallContext call)
    {
        var (card, uid) = Pod(call);
        if (!_configurations.TryRemove((card, uid), out var configuration))
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "there is no configuration"));
        }

        card.Flashes.AddOrUpdate(uid, 1, static (_, count) => count + 1);
        card.HasJoined = false;
        card.InstalledInBoot = card.Host.Boots;
        card.Installed = (uid, configuration, options.Time.GetUtcNow() + options.Installation);
        return Task.FromResult(new ActivateResponse((string?)null));
    }

    private Task<RebootStatusResponse> StatusAsync(ServerCallContext call)
    {
        var (card, uid) = Pod(call);
        return Task.FromResult(
            card.Installed is not { } installed || installed.Uid != uid ? new RebootStatusResponse(false, "", RebootOutcome.Unknown, "")
            : installed.Ends > options.Time.GetUtcNow() ? new RebootStatusResponse(true, "installing", RebootOutcome.Unknown, "")
            : new RebootStatusResponse(false, "", RebootOutcome.Success, ""));
    }

    private sealed class Methods : IServiceMethodProvider<DmsServers>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<DmsServers> context)
        {
            context.AddUnaryMethod(
                DmsMethods.Get, [], (_, request, _) => Task.FromResult(new GetResponse([KeyValuePair.Create(request.Paths[0], "DPU")])));
            context.AddUnaryMethod(DmsMethods.Set, [], (_, _, _) => Task.FromResult(new SetResponse(1)));
            context.AddDuplexStreamingMethod(DmsMethods.Install, [], (service, requests, responses, call) => service.InstallAsync(requests, responses, call));
            context.AddUnaryMethod(DmsMethods.Activate, [], (service, _, call) => service.ActivateAsync(call));
            context.AddUnaryMethod(DmsMethods.RebootStatus, [], (service, _, call) => service.StatusAsync(call));
        }
    }
}
