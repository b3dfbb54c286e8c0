using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dpf.ApiServer.Streaming;

/// <summary>
/// A client's wish for a stream of its own: an upgrade of its HTTP/1.1 connection, or a WebSocket on an HTTP/2 connection that it has
/// already (RFC 8441). What either carries is the same, so that the kubelet is asked for an upgrade in both cases.
/// </summary>
internal sealed class ClientStream
{
    private readonly IHttpUpgradeFeature? _upgrade;
    private readonly IHttpExtendedConnectFeature? _connect;

    private ClientStream(IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect) => (_upgrade, _connect) = (upgrade, connect);

    /// <summary>The wish of a request; null when it wants an answer like any other.</summary>
    public static ClientStream? Of(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade ? new ClientStream(upgrade, null)
        : http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" } connect ? new ClientStream(null, connect)
        : null;

    /// <summary>The headers that ask an HTTP/1.1 server for the stream.</summary>
    public IEnumerable<(string Name, string Value)> Asking(IHeaderDictionary headers)
    {
        if (_connect is not null)
        {
            yield return ("Connection", "Upgrade");
            yield return ("Upgrade", "websocket");
            yield return ("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        }

        foreach (var (name, values) in headers.Where(h => Passes(h.Key)))
        {
            foreach (var value in values)
            {
                yield return (name, value ?? "");
            }
        }
    }

    /// <summary>Answers with what the HTTP/1.1 server answered, and opens the stream.</summary>
    public async Task<Stream> OpenAsync(HttpResponse answer, ResponseHead head)
    {
        foreach (var (name, value) in head.Headers.Where(h => _connect is null || h.Name.Equals("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase)))
        {
            answer.Headers.Append(name, value);
        }

        if (_connect is not null)
        {
            answer.StatusCode = StatusCodes.Status200OK;
            return await _connect.AcceptAsync();
        }

        answer.StatusCode = StatusCodes.Status101SwitchingProtocols;
        return await _upgrade!.UpgradeAsync();
    }

    private static bool Passes(string header) =>
        header is "Connection" or "Upgrade" || header.StartsWith("Sec-WebSocket", StringComparison.OrdinalIgnoreCase) ||
        header.StartsWith("X-Stream-Protocol", StringComparison.OrdinalIgnoreCase);
}
