using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>A server of its own for a test, with a client of the administrator.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-apiserver-test-").FullName;
    private readonly List<IDisposable> _clients = [];

    private TestServer(EmbeddedApiServer server) => Server = server;

    public EmbeddedApiServer Server { get; }

    public HttpClient Admin { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<TestServer> StartAsync(ApiServerOptions? options = null)
    {
        var test = new TestServer(await EmbeddedApiServer.StartAsync(options ?? new ApiServerOptions(), Cancellation));
        test.Admin = test.Client("admin", "system:masters");
        return test;
    }

    /// <summary>A client with a certificate of a user; without a name: without a certificate.</summary>
    public HttpClient Client(string user = "", params string[] groups)
    {
        var certificate = user.Length == 0 ? null : Server.Composition.Certificates.Client(user, groups);
        var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = certificate is null ? [] : [certificate],
                RemoteCertificateValidationCallback = (_, presented, _, _) => IsOurs(presented),
            },
        })
        {
            BaseAddress = new Uri(Server.Address), DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        _clients.Add(client);
        return client;
    }

    public async Task<JsonObject> GetAsync(string path) => await SendAsync(HttpMethod.Get, path, null, HttpStatusCode.OK);

    public Task<JsonObject> PostAsync(string path, string body, HttpStatusCode expected = HttpStatusCode.Created) =>
        SendAsync(HttpMethod.Post, path, body, expected);

    public async Task<JsonObject> SendAsync(
        HttpMethod method, string path, string? body, HttpStatusCode expected, string type = "application/yaml", HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new(type);
        }

        using var response = await (client ?? Admin).SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    public Task<JsonObject> ApplyAsync(string path, string manager, string yaml, HttpStatusCode expected = HttpStatusCode.OK, bool force = false) =>
        SendAsync(HttpMethod.Patch, $"{path}?fieldManager={manager}&force={force}".Replace("True", "true", StringComparison.Ordinal), yaml, expected, "application/apply-patch+yaml");

    /// <summary>The next events of a watch, as <c>TYPE name</c>, until there are as many as wanted.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string path)
    {
        using var response = await Admin.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        while (await reader.ReadLineAsync(Cancellation) is { } line)
        {
            yield return JsonNode.Parse(line)!.AsObject();
        }
    }

    /// <summary>Waits until an object is as it should be.</summary>
    public async Task<JsonObject> UntilAsync(string path, Func<JsonObject, bool> isDone)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var response = await Admin.GetAsync(path, Cancellation);
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            if (text.StartsWith('{') && JsonNode.Parse(text) is JsonObject value && isDone(value))
            {
                return value;
            }

            Assert.True(attempt < 200, $"{path} stays {text}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }

    /// <summary>Makes a custom kind and waits until it is served.</summary>
    public async Task DefineAsync(string definition)
    {
        const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        var made = await PostAsync(Definitions, definition);
        await UntilAsync(
            $"{Definitions}/{made.Name()}", c => c.Objects("status", "conditions").Any(x => x.Text("type") == "Established" && x.Text("status") == "True"));
    }

    /// <summary>Runs the stock kubectl.</summary>
    public async Task<(int Code, string Output)> KubectlAsync(string input, params string[] arguments)
    {
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, Server.AdminKubeconfig, Cancellation);
        var start = new ProcessStartInfo("kubectl", arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["HOME"] = _folder;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output + await error);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private bool IsOurs(X509Certificate? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(Server.CaPem));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return presented is X509Certificate2 leaf && chain.Build(leaf);
    }
}
