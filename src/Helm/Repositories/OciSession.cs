using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dpf.Helm.Charts;

namespace Dpf.Helm.Repositories;

/// <summary>Reads or writes one chart of an OCI registry (OCI distribution specification 1.1).</summary>
internal sealed partial class OciSession
{
    private const string ChartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

    private readonly HttpClient _http;
    private readonly ChartReference _reference;
    private readonly (string User, string Password)? _credentials;
    private readonly string _host;
    private readonly string _base;
    private string? _token;

    public OciSession(HttpClient http, ChartReference reference, IReadOnlySet<string> plainHttp, (string User, string Password)? credentials)
    {
        _http = http;
        _reference = reference;
        _credentials = credentials;
        var path = reference.Repository["oci://".Length..];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        _host = slash < 0 ? path : path[..slash];
        var folder = slash < 0 ? "" : path[(slash + 1)..] + "/";
        _base = $"{(plainHttp.Contains(_host) ? "http" : "https")}://{_host}/v2/{folder}{reference.Chart}";
    }

    /// <summary>The tag of the version that is wanted.</summary>
    public async Task<string> ResolveAsync(CancellationToken cancellation)
    {
        var wanted = _reference.Version.Replace('+', '_');
        if (wanted.Length > 0 && SemanticVersion.TryParse(_reference.Version, out _))
        {
            return wanted;
        }

        var list = await JsonAsync($"{_base}/tags/list", "application/json", cancellation).ConfigureAwait(false);
        var tags = (list["tags"] as JsonArray ?? []).Select(t => ((string)t!).Replace('_', '+'));
        return Versions.Choose(tags, _reference.Version)?.Replace('+', '_') ?? throw new ChartException(
            $"Could not locate a version matching provided version string {_reference.Version} of {_reference.Chart} in {_reference.Repository}");
    }

    /// <summary>The digest of the layer that is the chart.</summary>
    public async Task<string> ChartLayerAsync(string tag, CancellationToken cancellation)
    {
        var manifest = await JsonAsync($"{_base}/manifests/{tag}", "application/vnd.oci.image.manifest.v1+json", cancellation).ConfigureAwait(false);
        var layer = (manifest["layers"] as JsonArray ?? []).FirstOrDefault(l => (string?)l?["mediaType"] is ChartLayer or "application/tar+gzip");
        return (string?)layer?["digest"] ?? throw new ChartException(
            $"{_reference.Repository}/{_reference.Chart}:{tag}: manifest does not contain a layer with mediatype {ChartLayer}");
    }

    /// <summary>A blob, checked against its digest.</summary>
    public async Task<byte[]> BlobAsync(string digest, CancellationToken cancellation)
    {
        using var response = await GetAsync($"{_base}/blobs/{digest}", "*/*", cancellation).ConfigureAwait(false);
        var content = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        return digest == "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content))
            ? content
            : throw new ChartException($"{_base}: blob {digest} arrived with another content; try again");
    }

    /// <summary>Writes a blob, unless it is there.</summary>
    public async Task UploadAsync(byte[] blob, CancellationToken cancellation)
    {
        var digest = ChartPackage.DigestOf(blob);
        using (var known = await SendAsync(HttpMethod.Head, $"{_base}/blobs/{digest}", null, cancellation).ConfigureAwait(false))
        {
            if (known.IsSuccessStatusCode)
            {
                return;
            }
        }

        var start = $"{_base}/blobs/uploads/";
        using var begun = Checked(start, await SendAsync(HttpMethod.Post, start, () => Content([], "application/octet-stream"), cancellation).ConfigureAwait(false));
        var place = begun.Headers.Location ?? throw new ChartException($"{start}: the registry does not say where to write");
        var target = new Uri(new Uri(start), place).ToString();
        target += $"{(target.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={Uri.EscapeDataString(digest)}";
        Checked(start, await SendAsync(HttpMethod.Put, target, () => Content(blob, "application/octet-stream"), cancellation).ConfigureAwait(false)).Dispose();
    }

    /// <summary>Writes a manifest under a tag.</summary>
    public async Task TagAsync(byte[] manifest, string tag, CancellationToken cancellation)
    {
        var url = $"{_base}/manifests/{tag.Replace('+', '_')}";
        Checked(url, await SendAsync(HttpMethod.Put, url, () => Content(manifest, ChartPackage.ManifestType), cancellation).ConfigureAwait(false)).Dispose();
    }

    /// <summary>Adds basic credentials to a request.</summary>
    public static void Authorize(HttpRequestMessage request, (string User, string Password)? credentials)
    {
        if (credentials is var (user, password))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }
    }

    private async Task<JsonObject> JsonAsync(string url, string type, CancellationToken cancellation)
    {
        using var response = await GetAsync(url, type, cancellation).ConfigureAwait(false);
        var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        return JsonNode.Parse(text) as JsonObject ?? throw new ChartException($"{url}: the registry's answer is no JSON object");
    }

    private async Task<HttpResponseMessage> GetAsync(string url, string type, CancellationToken cancellation) =>
        Checked(url, await SendAsync(HttpMethod.Get, url, null, cancellation, type).ConfigureAwait(false));

    private static ByteArrayContent Content(byte[] bytes, string type) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    private HttpResponseMessage Checked(string url, HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var advice = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? $"; an account that may do this logs in by: helm registry login {_host}"
                : "";
            throw new ChartException($"{url}: {(int)response.StatusCode} {response.ReasonPhrase}{advice}");
        }
    }

    // A token is for what was refused; what is refused next, e.g. writing after reading, needs another.
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string url, Func<HttpContent>? content, CancellationToken cancellation, string accept = "*/*")
    {
        var response = await OnceAsync(method, url, content, accept, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized &&
            response.Headers.WwwAuthenticate.FirstOrDefault(h => h.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) is { Parameter: { } challenge })
        {
            response.Dispose();
            _token = await TokenAsync(challenge, cancellation).ConfigureAwait(false);
            response = await OnceAsync(method, url, content, accept, cancellation).ConfigureAwait(false);
        }

        return response;
    }

    private async Task<HttpResponseMessage> OnceAsync(
        HttpMethod method, string url, Func<HttpContent>? content, string accept, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, url) { Content = content?.Invoke() };
        request.Headers.Accept.ParseAdd(accept);
        if (_token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        }
        else
        {
            Authorize(request, _credentials);
        }

        return await _http.SendAsync(request, cancellation).ConfigureAwait(false);
    }

    // The token flow of docker's registries: realm, service and scope come with the refusal.
    private async Task<string> TokenAsync(string challenge, CancellationToken cancellation)
    {
        var parts = Parameter().Matches(challenge).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);
        if (!parts.TryGetValue("realm", out var realm))
        {
            throw new ChartException($"{_base}: the registry asks for a token but does not say where to get it");
        }

        var query = string.Join('&', parts.Where(p => p.Key is "service" or "scope").Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{realm}?{query}");
        Authorize(request, _credentials);
        using var response = Checked(realm, await _http.SendAsync(request, cancellation).ConfigureAwait(false));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false));
        return (string?)answer?["token"] ?? (string?)answer?["access_token"] ?? throw new ChartException($"{realm}: the answer holds no token");
    }

    [GeneratedRegex("(\\w+)=\"([^\"]*)\"")]
    private static partial Regex Parameter();
}
