using Dpf.Runtime.Dms;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Dpf.Provisioning.Dms;

/// <summary>The procedures of the management service in front of one DPU.</summary>
internal sealed class DmsClient(GrpcChannel channel, IDisposable handler, TimeProvider time) : IDisposable
{
    private const string ModePath = "nvidia/mode/config/mode";
    private const string DpuMode = "DPU";
    private const string NicMode = "NIC";
    private const int PieceBytes = 64 * 1024;
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(30);
    private readonly CallInvoker _calls = channel.CreateCallInvoker();

    /// <summary>Puts the card into DPU mode.</summary>
    /// <exception cref="ModeChangeException">It was in another one, which ends with the host's power.</exception>
    /// <exception cref="RpcException">DMS refused, or did not answer.</exception>
    public async Task SetDpuModeAsync(CancellationToken cancellation)
    {
        await _calls.AsyncUnaryCall(
            DmsMethods.Set, null, Options(Short, cancellation), new SetRequest([KeyValuePair.Create(ModePath, DpuMode)])).ResponseAsync;
        if (await ModeAsync(cancellation) is { } mode && mode.Contains(NicMode, StringComparison.OrdinalIgnoreCase))
        {
            throw new ModeChangeException(mode);
        }
    }

    /// <summary>The mode that the card is in; null when DMS does not know of modes.</summary>
    private async Task<string?> ModeAsync(CancellationToken cancellation)
    {
        try
        {
            var answer = await _calls.AsyncUnaryCall(DmsMethods.Get, null, Options(Short, cancellation), new GetRequest([ModePath])).ResponseAsync;
            return answer.Values.Select(v => v.Value).FirstOrDefault(v => v.Length > 0);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unimplemented or StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return null;
        }
    }

    /// <summary>Makes sure that an image is in the image folder; its content is read only when DMS asks for it.</summary>
    /// <exception cref="DmsException">DMS would not have it.</exception>
    /// <exception cref="RpcException">DMS refused, or did not answer.</exception>
    public async Task InstallAsync(string name, Func<Stream> content, CancellationToken cancellation)
    {
        using var call = _calls.AsyncDuplexStreamingCall(DmsMethods.Install, null, Options(null, cancellation));
        await call.RequestStream.WriteAsync(new InstallRequest { Version = name }, cancellation);
        var sending = Task.CompletedTask;
        while (await call.ResponseStream.MoveNext(cancellation))
        {
            var response = call.ResponseStream.Current;
            switch (response.Step)
            {
                case InstallStep.TransferReady when sending.IsCompletedSuccessfully:
                    // Beside the answers: progress comes while pieces go.
                    sending = SendAsync(call.RequestStream, content, cancellation);
                    break;
                case InstallStep.Validated when response.Text.Length > 0 && response.Text != name:
                    throw new DmsException($"DMS validated {response.Text} instead of {name}");
                case InstallStep.Validated:
                    await sending;
                    await call.RequestStream.CompleteAsync();
                    return;
                case InstallStep.Error:
                    throw new DmsException($"DMS does not accept {name}: {response.Text}");
            }
        }

        await sending;
        throw new DmsException($"DMS ended the transfer of {name} without validating it");
    }

    /// <summary>Begins to install an image with a configuration.</summary>
    /// <exception cref="DmsException">DMS would not.</exception>
    /// <exception cref="RpcException">DMS refused, or did not answer.</exception>
    public async Task ActivateAsync(string image, string configuration, CancellationToken cancellation)
    {
        var answer = await _calls.AsyncUnaryCall(
            DmsMethods.Activate, null, Options(null, cancellation), new ActivateRequest($"{image};{configuration}", NoReboot: false)).ResponseAsync;
        if (answer.Error is { } error)
        {
            throw new DmsException($"DMS does not install {image}: {error}");
        }
    }

    /// <summary>How far the DPU's boot into what was activated is.</summary>
    /// <exception cref="RpcException">DMS refused, or did not answer.</exception>
    public async Task<RebootStatusResponse> RebootStatusAsync(CancellationToken cancellation) =>
        await _calls.AsyncUnaryCall(
            DmsMethods.RebootStatus, null, Options(Short, cancellation), new RebootStatusRequest(["CPU"])).ResponseAsync;

    /// <inheritdoc />
    public void Dispose()
    {
        channel.Dispose();
        handler.Dispose();
    }

    private static async Task SendAsync(IClientStreamWriter<InstallRequest> requests, Func<Stream> content, CancellationToken cancellation)
    {
        await using var stream = content();
        var piece = new byte[PieceBytes];
        int read;
        while ((read = await stream.ReadAsync(piece, cancellation)) > 0)
        {
            await requests.WriteAsync(new InstallRequest { Content = ByteString.CopyFrom(piece, 0, read) }, cancellation);
        }

        await requests.WriteAsync(new InstallRequest { End = true }, cancellation);
    }

    private CallOptions Options(TimeSpan? limit, CancellationToken cancellation) =>
        new(deadline: limit is { } span ? time.GetUtcNow().UtcDateTime + span : null, cancellationToken: cancellation);
}

/// <summary>DMS would not do what it was asked for; the message is what it said.</summary>
internal sealed class DmsException(string message) : Exception(message);

/// <summary>A card that was told to change its mode is in the old one until its host's power has been off.</summary>
internal sealed class ModeChangeException(string mode) : Exception(
    $"the card is in {mode} mode; it was told to change to DPU mode, which it does when the power of its host is cycled");
