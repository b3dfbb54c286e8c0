using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dpf.Helm.Repositories;

namespace Dpf.Helm.Tests;

/// <summary>A web server with a chart repository and an OCI registry, on a port of its own.</summary>
internal sealed class ChartSite : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly Dictionary<string, byte[]> _pages = new(StringComparer.Ordinal);
    private readonly Task _serving;

    public ChartSite()
    {
        (_listener, var port) = Listen();
        Host = $"127.0.0.1:{port}";
        _serving = ServeAsync();
    }

    public string Host { get; }

    public string Address => $"http://{Host}";

    /// <summary>The token without which the registry answers 401; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>The token without which nothing can be written; null for none.</summary>
    public string? WriteToken { get; set; }

    public bool IsReadOnly { get; set; }

    public string? TokenAskedBy { get; private set; }

    public string? TokenScope { get; private set; }

    public void ServeRepository(params string[] versions)
    {
        var index = new StringBuilder("apiVersion: v1\nentries:\n  c:\n");
        foreach (var version in versions)
        {
            index.Append($"  - {{name: c, version: {version}, urls: [packages/c-{version}.tgz]}}\n");
            _pages[$"/charts/packages/c-{version}.tgz"] = Chart(version);
        }

        _pages["/charts/index.yaml"] = Encoding.UTF8.GetBytes(index.ToString());
    }

    public void ServeRegistry(params string[] versions)
    {
        const string root = "/v2/some/where/c";
        _pages[$"{root}/tags/list"] = Json($$"""{"tags": [{{string.Join(',', versions.Select(v => $"\"{v}\""))}}]}""");
        foreach (var version in versions)
        {
            var chart = Chart(version);
            var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(chart));
            _pages[$"{root}/blobs/{digest}"] = chart;
            _pages[$"{root}/manifests/{version}"] = Json($$"""
                {"schemaVersion": 2, "layers": [
                  {"mediaType": "application/vnd.cncf.helm.chart.provenance.v1.prov", "digest": "sha256:0"},
                  {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": "{{digest}}"}]}
                """);
        }
    }

    /// <summary>Serves something under a path.</summary>
    public void Serve(string path, byte[] content) => _pages[path] = content;

    /// <summary>What is served under a path.</summary>
    public byte[] Page(string path) => _pages[path];

    /// <summary>Changes what is served under a path.</summary>
    public void Damage(string path)
    {
        foreach (var page in _pages.Where(p => p.Key.StartsWith(path, StringComparison.Ordinal)).ToList())
        {
            _pages[page.Key] = [.. page.Value, 0];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Chart(string version)
    {
        var folder = Directory.CreateTempSubdirectory("dpf-helm-");
        File.WriteAllText(Path.Combine(folder.FullName, "Chart.yaml"), $"name: c\nversion: {version}\n");
        using var archive = Archives.Of(folder.FullName, "c");
        folder.Delete(recursive: true);
        return archive.ToArray();
    }

    private static (HttpListener Listener, int Port) Listen()
    {
        while (true)
        {
            // Above the ports that the kernel gives to others; taken ones are tried again.
            var port = RandomNumberGenerator.GetInt32(61000, 65000);
            var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var call = await _listener.GetContextAsync();
                Answer(call);
                call.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private void Answer(HttpListenerContext call)
    {
        var path = call.Request.Url!.AbsolutePath;
        var authorization = call.Request.Headers["Authorization"];
        var isWrite = call.Request.HttpMethod is "POST" or "PUT";
        if (path == "/token")
        {
            (TokenAskedBy, TokenScope) = (authorization, call.Request.QueryString["scope"]);
            if (authorization == "Basic " + Convert.ToBase64String("user:guessed"u8))
            {
                call.Response.StatusCode = 401;
                return;
            }

            var token = TokenScope?.EndsWith(",push", StringComparison.Ordinal) == true ? WriteToken : Token;
            call.Response.OutputStream.Write(Json($$"""{"token": "{{token}}"}"""));
        }
        else if (path.StartsWith("/v2/", StringComparison.Ordinal) &&
            (isWrite ? WriteToken : Token) is { } needed && authorization != "Bearer " + needed && authorization != "Bearer " + WriteToken)
        {
            call.Response.StatusCode = 401;
            call.Response.AddHeader(
                "WWW-Authenticate", $"Bearer realm=\"{Address}/token\",service=\"s\",scope=\"repository:some/where/c:pull{(isWrite ? ",push" : "")}\"");
        }
        else if (isWrite)
        {
            Write(call, path);
        }
        else if (_pages.TryGetValue(path, out var page))
        {
            call.Response.ContentLength64 = page.Length;
            if (call.Request.HttpMethod == "GET")
            {
                call.Response.OutputStream.Write(page);
            }
        }
        else
        {
            call.Response.StatusCode = 404;
        }
    }

    // Uploads begin where the chart is and go on somewhere else, with a query of their own, as real registries have it.
    private void Write(HttpListenerContext call, string path)
    {
        if (IsReadOnly)
        {
            call.Response.StatusCode = 405;
            return;
        }

        if (call.Request.HttpMethod == "POST")
        {
            call.Response.StatusCode = 202;
            call.Response.AddHeader("Location", path + "an-upload?state=begun");
            return;
        }

        using var body = new MemoryStream();
        call.Request.InputStream.CopyTo(body);
        var content = body.ToArray();
        var digest = call.Request.QueryString["digest"];
        if (digest is not null && (call.Request.QueryString["state"] != "begun" || digest != ChartPackage.DigestOf(content)))
        {
            call.Response.StatusCode = 400;
            return;
        }

        _pages[digest is null ? path : path.Replace("uploads/an-upload", digest, StringComparison.Ordinal)] = content;
        call.Response.StatusCode = 201;
    }
}
