using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dpf.Runtime.Dms;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Provisioning.Tests.World;

/// <summary>What a test wants of DMS, and what DMS was asked: shared by all DMS servers of a world.</summary>
internal sealed class DmsScript
{
    /// <summary>Every call, e.g. <c>Activate a.bfb;b.cfg</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>The images that were sent, by name.</summary>
    public ConcurrentDictionary<string, byte[]> Images { get; } = new(StringComparer.Ordinal);

    /// <summary>The mode that cards say they are in; null for a DMS that does not know of modes.</summary>
    public string? Mode { get; set; } = "DPU";

    /// <summary>Whether an installation goes on until a test ends it.</summary>
    public bool IsHeld { get; set; }

    /// <summary>How the next installations end, in order; empty for well.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>The text of a bf.cfg.</summary>
    public string Configuration(string dpu) => Encoding.UTF8.GetString(Images[dpu + ".cfg"]);

    public int CountOf(string call) => Calls.Count(c => c.StartsWith(call, StringComparison.Ordinal));
}

/// <summary>DMS on a host, as the wire shows it.</summary>
internal sealed class FakeDms : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeDms(WebApplication app) => _app = app;

    public static async Task<FakeDms> StartAsync(IPEndPoint endpoint, DmsScript script, string authority, string certificate, string key)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new Service(script));
        builder.Services.AddSingleton<IServiceMethodProvider<Service>, Methods>();
        builder.Services.AddRoutingCore();
        var serving = X509Certificate2.CreateFromPem(certificate, key);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = serving;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, _, _) => IsTrusted(client, authority);
            });
        }));
        var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        return new FakeDms(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        await _app.StopAsync(grace.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
    }

    private static bool IsTrusted(X509Certificate2 client, string authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(authority);
        return chain.Build(client);
    }

    internal sealed class Service(DmsScript script)
    {
        private bool _isActivated;
        private string? _failure;

        public Task<GetResponse> GetAsync(GetRequest request) => script.Mode is { } mode
            ? Task.FromResult(new GetResponse([KeyValuePair.Create(request.Paths[0], mode)]))
            : throw new RpcException(new Status(StatusCode.Unimplemented, "no such thing"));

        public Task<SetResponse> SetAsync(SetRequest request)
        {
            script.Calls.Enqueue($"Set {request.Updates[0].Key}={request.Updates[0].Value}");
            return Task.FromResult(new SetResponse(1));
        }

        public async Task InstallAsync(IAsyncStreamReader<InstallRequest> requests, IServerStreamWriter<InstallResponse> responses)
        {
            Assert.True(await requests.MoveNext(CancellationToken.None));
            var name = requests.Current.Version!;
            script.Calls.Enqueue($"Install {name}");
            await responses.WriteAsync(new InstallResponse { Step = InstallStep.TransferReady });
            using var content = new MemoryStream();
            while (await requests.MoveNext(CancellationToken.None) && !requests.Current.End)
            {
                requests.Current.Content!.WriteTo(content);
                await responses.WriteAsync(new InstallResponse { Step = InstallStep.Progress, BytesReceived = (ulong)content.Length });
            }

            script.Images[name] = content.ToArray();
            await responses.WriteAsync(new InstallResponse { Step = InstallStep.Validated, Text = name });
        }

        public Task<ActivateResponse> ActivateAsync(ActivateRequest request)
        {
            script.Calls.Enqueue($"Activate {request.Version}");
            _isActivated = true;
            _failure = script.Failures.TryDequeue(out var failure) ? failure : null;
            return Task.FromResult(new ActivateResponse((string?)null));
        }

        public Task<RebootStatusResponse> StatusAsync() => Task.FromResult(
            !_isActivated ? new RebootStatusResponse(false, "", RebootOutcome.Unknown, "")
            : script.IsHeld ? new RebootStatusResponse(true, "installing", RebootOutcome.Unknown, "")
            : _failure is not null ? new RebootStatusResponse(false, "", RebootOutcome.Failure, _failure)
            : new RebootStatusResponse(false, "", RebootOutcome.Success, ""));
    }

    private sealed class Methods : IServiceMethodProvider<Service>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<Service> context)
        {
            context.AddUnaryMethod(DmsMethods.Get, [], (service, request, _) => service.GetAsync(request));
            context.AddUnaryMethod(DmsMethods.Set, [], (service, request, _) => service.SetAsync(request));
            context.AddDuplexStreamingMethod(DmsMethods.Install, [], (service, requests, responses, _) => service.InstallAsync(requests, responses));
            context.AddUnaryMethod(DmsMethods.Activate, [], (service, request, _) => service.ActivateAsync(request));
            context.AddUnaryMethod(DmsMethods.RebootStatus, [], (service, _, _) => service.StatusAsync());
        }
    }
}
