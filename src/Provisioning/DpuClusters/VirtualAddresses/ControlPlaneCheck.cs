using System.Net;
using System.Net.Security;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;

namespace Dpf.Provisioning.DpuClusters.VirtualAddresses;

/// <summary>
/// Whether the control plane answers on this node. The first look decides; from then on it takes three answers in a row to come back,
/// and two silences to go, so that one lost packet moves no address.
/// </summary>
internal sealed class ControlPlaneCheck : IDisposable
{
    private const int Rise = 3;
    private const int Fall = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Uri _target;
    private readonly HttpClient _http;
    private bool _hasLooked;
    private int _streak;

    /// <summary>A check from a component's network.</summary>
    public ControlPlaneCheck(ComponentContext context, Uri target)
    {
        _target = target;
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = (connection, stop) => context.Network.DialAsync(connection.DnsEndPoint, stop),

#pragma warning disable CA5359 // It asks for life, not for identity, and sends nothing.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        })
        { Timeout = Patience };
    }

    /// <summary>Whether it answers, as of the last look.</summary>
    public bool IsAlive { get; private set; }

    /// <summary>Looks once; true when <see cref="IsAlive"/> has changed.</summary>
    public async Task<bool> LookAsync(CancellationToken cancellation) => Count(await AnswersAsync(cancellation));

    /// <summary>Counts one answer or silence.</summary>
    internal bool Count(bool answered)
    {
        _streak = answered == IsAlive ? 0 : _streak + 1;
        var enough = !_hasLooked ? 1 : IsAlive ? Fall : Rise;
        _hasLooked = true;
        if (_streak < enough)
        {
            return false;
        }

        (IsAlive, _streak) = (answered, 0);
        return true;
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            using var answer = await _http.GetAsync(_target, HttpCompletionOption.ResponseHeadersRead, cancellation);

            // Who may not ask has been answered all the same.
            return answer.StatusCode < HttpStatusCode.InternalServerError;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
