using Dpf.Runtime.Dms;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Dpf.Lab.BlueField.Dms;

/// <summary>The five procedures that provisioning calls, answered for one card.</summary>
internal sealed class DmsService(ImageFolder images, Installation installation, TimeProvider time)
{
    private const string ModePath = "nvidia/mode/config/mode";
    private const ulong ProgressStep = 1 << 20;

    /// <summary>gNMI Set: the mode is the one setting that a simulated card has.</summary>
    public Task<SetResponse> SetAsync(SetRequest request)
    {
        foreach (var (path, value) in request.Updates)
        {
            if (path != ModePath)
            {
                throw new RpcException(new Status(StatusCode.NotFound, $"there is no setting {path}; the lab's cards have {ModePath}"));
            }

            if (value != "DPU")
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, $"{path}: '{value}' is not DPU, the mode that the lab's cards have"));
            }
        }

        return Task.FromResult(new SetResponse(time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000));
    }

    /// <summary>gNMI Get: the same.</summary>
    public static Task<GetResponse> GetAsync(GetRequest request) => request.Paths.FirstOrDefault(p => p != ModePath) is { } unknown
        ? throw new RpcException(new Status(StatusCode.NotFound, $"there is no setting {unknown}; the lab's cards have {ModePath}"))
        : Task.FromResult(new GetResponse([.. request.Paths.Select(p => KeyValuePair.Create(p, "DPU"))]));

    /// <summary>gNOI os.Install: takes in an image unless it is there.</summary>
    public async Task InstallAsync(
        IAsyncStreamReader<InstallRequest> requests, IServerStreamWriter<InstallResponse> responses, CancellationToken cancellation)
    {
        try
        {
            if (!await requests.MoveNext(cancellation) || requests.Current.Version is not { } version)
            {
                throw new FormatException("a transfer begins with a transfer_request");
            }

            if (!images.Has(version))
            {
                await ReceiveAsync(version, requests, responses, cancellation);
            }

            await responses.WriteAsync(new InstallResponse { Step = InstallStep.Validated, Text = version }, cancellation);
        }
        catch (Exception e) when (e is FormatException or IOException && !cancellation.IsCancellationRequested)
        {
            await responses.WriteAsync(new InstallResponse { Step = InstallStep.Error, Text = e.Message }, cancellation);
        }
    }

    /// <summary>gNOI os.Activate of <c>bundle.bfb;dpu.cfg</c>: begins to install both.</summary>
    public Task<ActivateResponse> ActivateAsync(ActivateRequest request)
    {
        try
        {
            if (request.Version.Split(';') is not [var bundle, var configuration])
            {
                throw new FormatException($"'{request.Version}' is not of the form BUNDLE.bfb;NAME.cfg");
            }

            images.CheckBundle(bundle);
            return Task.FromResult(new ActivateResponse(installation.Begin(request.Version, images.ReadConfiguration(configuration))));
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            return Task.FromResult(new ActivateResponse(e.Message));
        }
    }

    /// <summary>gNOI system.RebootStatus: whether the card still boots into what was activated.</summary>
    public Task<RebootStatusResponse> RebootStatusAsync() => Task.FromResult(installation.Status());

    private async Task ReceiveAsync(
        string version, IAsyncStreamReader<InstallRequest> requests, IServerStreamWriter<InstallResponse> responses,
        CancellationToken cancellation)
    {
        await using var transfer = images.Receive(version);
        await responses.WriteAsync(new InstallResponse { Step = InstallStep.TransferReady }, cancellation);
        ulong told = 0;
        while (await requests.MoveNext(cancellation))
        {
            if (requests.Current.End)
            {
                await transfer.CompleteAsync(cancellation);
                return;
            }

            await transfer.AppendAsync(
                requests.Current.Content ?? throw new FormatException("a transfer goes on with transfer_content or transfer_end"), cancellation);
            if (transfer.Received - told >= ProgressStep)
            {
                told = transfer.Received;
                await responses.WriteAsync(new InstallResponse { Step = InstallStep.Progress, BytesReceived = told }, cancellation);
            }
        }

        throw new FormatException($"{version}: the transfer ended after {transfer.Received} bytes without a transfer_end");
    }
}

/// <summary>Tells ASP.NET Core the procedures of <see cref="DmsService"/>.</summary>
internal sealed class DmsServiceMethods : IServiceMethodProvider<DmsService>
{
    /// <inheritdoc />
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<DmsService> context)
    {
        context.AddUnaryMethod(DmsMethods.Get, [], (_, request, _) => DmsService.GetAsync(request));
        context.AddUnaryMethod(DmsMethods.Set, [], (service, request, _) => service.SetAsync(request));
        context.AddDuplexStreamingMethod(
            DmsMethods.Install, [],
            (service, requests, responses, call) => service.InstallAsync(requests, responses, call.CancellationToken));
        context.AddUnaryMethod(DmsMethods.Activate, [], (service, request, _) => service.ActivateAsync(request));
        context.AddUnaryMethod(DmsMethods.RebootStatus, [], (service, _, _) => service.RebootStatusAsync());
    }
}
