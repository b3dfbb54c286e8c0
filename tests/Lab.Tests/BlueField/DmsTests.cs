using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Dpf.Lab.Addons.Certificates;
using Dpf.Lab.BlueField.Dms;
using Dpf.Lab.Repository;
using Dpf.Runtime.Dms;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Tests.BlueField;

/// <summary>The gNOI and gNMI server, with a card that the test plays, over real mutual TLS.</summary>
public sealed class DmsTests : IAsyncLifetime
{
    private const string Bundle = "bf-bundle-2.9.1-lab.bfb";
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-dms-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _installed = [];
    private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _port = FreePort();
    private IssuedCertificate _authority = null!;
    private Task _running = Task.CompletedTask;
    private GrpcChannel _channel = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _authority = Issue(new CertificateSpec { SecretName = "ca", CommonName = "dpf", IsCa = true }, null);
        Serve("1");
        Directory.CreateDirectory(Path.Combine(_folder, "bfb"));
        _running = Task.Run(() => new DmsComponent((_, _) => InstallAsync).RunAsync(Context(), _stop.Token));
        _channel = Connect(Issue(new CertificateSpec { SecretName = "client", CommonName = "client", Usages = ["client auth"] }, _authority));
        await StatusAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_card_is_installed_once_with_what_was_sent_and_tells_how_it_went()
    {
        var image = BootImage.Create(Bundle, 200_000);
        await SetModeAsync("DPU");
        Assert.Equal([InstallStep.TransferReady, InstallStep.Validated], await SendAsync(Bundle, image));
        Assert.Equal([InstallStep.Validated], await SendAsync(Bundle, image));
        Assert.Equal([InstallStep.TransferReady, InstallStep.Validated], await SendAsync("dpu1.cfg", "bfb_modify_os() { :; }\n"u8.ToArray()));
        Assert.Equal(image, await File.ReadAllBytesAsync(Path.Combine(_folder, "bfb", Bundle), Cancellation));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "bfb", "dpu1.cfg")));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_folder, "bfb")).Length);
        Assert.Equal(new RebootStatusResponse(false, "", RebootOutcome.Unknown, "nothing has been activated"), await StatusAsync());

        Assert.Null((await ActivateAsync($"{Bundle};dpu1.cfg")).Error);
        Assert.Null((await ActivateAsync($"{Bundle};dpu1.cfg")).Error);
        Assert.True((await StatusAsync()).Active);
        await SendAsync("dpu2.cfg", "other\n"u8.ToArray());
        Assert.Contains("is being installed", (await ActivateAsync($"{Bundle};dpu2.cfg")).Error, StringComparison.Ordinal);

        _finish.SetResult();
        Assert.Equal(RebootOutcome.Success, (await EndAsync()).Outcome);
        Assert.Equal(["bfb_modify_os() { :; }\n"], _installed);
    }

    [Fact]
    public async Task A_failure_is_told_without_the_secrets_of_the_configuration()
    {
        await SendAsync(Bundle, BootImage.Create(Bundle, 10_000));
        await SendAsync("dpu1.cfg", "x\n"u8.ToArray());
        await ActivateAsync($"{Bundle};dpu1.cfg");
        _finish.SetException(new IOException("line 3: `passwd: $6$salt$hash/x' --token abcdef.0123456789abcdef: no"));

        var status = await EndAsync();

        Assert.Equal((RebootOutcome.Failure, "line 3: `passwd: ***' --token ***: no"), (status.Outcome, status.Message));
    }

    [Fact]
    public async Task What_cannot_be_installed_is_refused_with_a_reason()
    {
        Assert.Contains("not of the form", (await ActivateAsync(Bundle)).Error, StringComparison.Ordinal);
        Assert.Contains("not in the image folder", (await ActivateAsync($"{Bundle};dpu1.cfg")).Error, StringComparison.Ordinal);
        await SendAsync("other.bfb", new byte[5000]);
        Assert.Contains("no boot image", (await ActivateAsync("other.bfb;dpu1.cfg")).Error, StringComparison.Ordinal);
        await SendAsync(Bundle, BootImage.Create(Bundle, 10_000));
        await SendAsync("big.cfg", new byte[(128 * 1024) + 1]);
        Assert.Contains("131073 bytes", (await ActivateAsync($"{Bundle};big.cfg")).Error, StringComparison.Ordinal);
        Assert.Equal([InstallStep.Error], await SendAsync("../out", [1]));
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => SetModeAsync("NIC"))).StatusCode);
        Assert.Empty(_installed);
    }

    [Fact]
    public async Task A_transfer_that_is_cut_off_leaves_nothing()
    {
        await _channel.ConnectAsync(Cancellation);
        using var call = _channel.CreateCallInvoker().AsyncDuplexStreamingCall(DmsMethods.Install, null, Options);
        await call.RequestStream.WriteAsync(new InstallRequest { Version = Bundle }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        await call.RequestStream.WriteAsync(new InstallRequest { Content = ByteString.CopyFrom([1, 2, 3]) }, Cancellation);
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        Assert.Contains("without a transfer_end", call.ResponseStream.Current.Text, StringComparison.Ordinal);
        Assert.False(await call.ResponseStream.MoveNext(Cancellation));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "bfb")));
    }

    [Fact]
    public async Task Who_shows_no_certificate_for_clients_of_the_authority_is_turned_away()
    {
        var stranger = Issue(new CertificateSpec { SecretName = "ca", CommonName = "other", IsCa = true }, null);
        foreach (var certificate in new[]
        {
            Issue(new CertificateSpec { SecretName = "c", CommonName = "c", Usages = ["client auth"] }, stranger),
            Issue(new CertificateSpec { SecretName = "c", CommonName = "c", Usages = ["server auth"] }, _authority),
        })
        {
            using var channel = Connect(certificate);
            var failure = await Assert.ThrowsAsync<RpcException>(async () => await channel.CreateCallInvoker().AsyncUnaryCall(
                DmsMethods.RebootStatus, null, Options, new RebootStatusRequest(["CPU"])));

            // In TLS 1.3 the server says no after the client has begun to speak: either end may be the first to notice.
            Assert.Contains(failure.StatusCode, (StatusCode[])[StatusCode.Unavailable, StatusCode.Internal]);
        }

        await StatusAsync();
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_to_the_next_who_comes()
    {
        await StatusAsync();
        Serve("2");
        using var channel = Connect(
            Issue(new CertificateSpec { SecretName = "client", CommonName = "client", Usages = ["client auth"] }, _authority), expected: "CN=server-2");

        Assert.False((await StatusAsync(channel)).Active);
    }

    private static CallOptions Options => new CallOptions(cancellationToken: Cancellation).WithWaitForReady(false);

    private static IssuedCertificate Issue(CertificateSpec spec, IssuedCertificate? authority) => Issuance.Issue(
        spec, authority is null ? null : (authority.Certificate, authority.Key), TimeProvider.System.GetUtcNow());

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Serve(string number)
    {
        var server = Issue(
            new CertificateSpec { SecretName = "server", CommonName = "server-" + number, IpAddresses = ["127.0.0.1"], Usages = ["server auth"] }, _authority);
        File.WriteAllText(Path.Combine(_folder, "ca.crt"), _authority.Certificate);
        File.WriteAllText(Path.Combine(_folder, "tls.key"), server.Key);
        File.WriteAllText(Path.Combine(_folder, "tls.crt"), server.Certificate);
    }

    private ComponentContext Context() => new()
    {
        Name = "dms",
        Arguments =
        [
            $"--bind-address=127.0.0.1:{_port}", "--target-pci=03:00", "--image-folder=/bfb", "--exec-timeout=900",
            "--ca=/tls/ca.crt", "--tls-cert=/tls/tls.crt", "--tls-key=/tls/tls.key",
        ],
        Machine = new LocalMachine(),
        Network = new LocalMachine().Network,
        Mounts = new Dictionary<string, string> { ["/tls"] = _folder, ["/bfb"] = Path.Combine(_folder, "bfb") },
        Loggers = NullLoggerFactory.Instance,
    };

    private Task InstallAsync(string configuration, CancellationToken cancellation)
    {
        _installed.Add(configuration);
        return _finish.Task.WaitAsync(cancellation);
    }

    private GrpcChannel Connect(IssuedCertificate client, string? expected = null)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(_authority.Certificate);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [X509Certificate2.CreateFromPem(client.Certificate, client.Key)],
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                {
                    chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                    chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                    chain.ChainPolicy.CustomTrustStore.AddRange(roots);
                    return chain.Build((X509Certificate2)certificate!) && (expected is null || certificate!.Subject == expected);
                },
            },
        };
        return GrpcChannel.ForAddress($"https://127.0.0.1:{_port}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    private async Task SetModeAsync(string mode) => await Invoker().AsyncUnaryCall(
        DmsMethods.Set, null, Options, new SetRequest([new("nvidia/mode/config/mode", mode)]));

    private async Task<ActivateResponse> ActivateAsync(string version) =>
        await Invoker().AsyncUnaryCall(DmsMethods.Activate, null, Options.WithWaitForReady(true), new ActivateRequest(version, false));

    private async Task<RebootStatusResponse> StatusAsync(GrpcChannel? channel = null) => await (channel ?? _channel).CreateCallInvoker().AsyncUnaryCall(
        DmsMethods.RebootStatus, null, Options.WithWaitForReady(true), new RebootStatusRequest(["CPU"]));

    private async Task<RebootStatusResponse> EndAsync()
    {
        while (true)
        {
            if (await StatusAsync() is { Active: false } status)
            {
                return status;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        }
    }

    private CallInvoker Invoker() => _channel.CreateCallInvoker();

    private async Task<List<InstallStep>> SendAsync(string version, byte[] content)
    {
        // The server may still be starting.
        await _channel.ConnectAsync(Cancellation);
        using var call = Invoker().AsyncDuplexStreamingCall(DmsMethods.Install, null, Options);
        await call.RequestStream.WriteAsync(new InstallRequest { Version = version }, Cancellation);
        var steps = new List<InstallStep>();
        while (await call.ResponseStream.MoveNext(Cancellation))
        {
            steps.Add(call.ResponseStream.Current.Step);
            if (call.ResponseStream.Current.Step != InstallStep.TransferReady)
            {
                continue;
            }

            foreach (var piece in content.Chunk(64 * 1024))
            {
                await call.RequestStream.WriteAsync(new InstallRequest { Content = ByteString.CopyFrom(piece) }, Cancellation);
            }

            await call.RequestStream.WriteAsync(new InstallRequest { End = true }, Cancellation);
            await call.RequestStream.CompleteAsync();
        }

        return steps;
    }
}
