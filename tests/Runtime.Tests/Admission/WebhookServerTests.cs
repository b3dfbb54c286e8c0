using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Runtime.Tests.Admission;

/// <summary>A webhook of a component, called by a whole API server.</summary>
public sealed class WebhookServerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-webhook-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly int _port = FreePort();
    private TestCluster _cluster = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        WriteCertificate();
        _cluster = await TestCluster.StartAsync();
        var context = new ComponentContext
        {
            Name = "test", Machine = new LocalMachine(), Network = new LocalMachine().Network, Loggers = NullLoggerFactory.Instance,
        };
        _running = new WebhookServer(context, _port, _folder).Map("/maps", (request, _) => Task.FromResult(Answer(request))).RunAsync(_stop.Token);
        await Eventually.SeeAsync(IsUpAsync, up => up);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _stop.Dispose();
    }

    [Fact]
    public async Task AWebhookChangesAndRefusesWhatItIsAskedAbout()
    {
        await RegisterAsync();
        var changed = await Eventually.SeeAsync(
            () => _cluster.Client.ApplyAsync(Manifests.Parse(Map("a", "plain"), "test")[0], "test", Cancellation),
            value => value["metadata"]?["labels"]?["seen"] is not null);
        Assert.Equal("yes", (string?)changed["metadata"]!["labels"]!["seen"]);
        var refusal = await Assert.ThrowsAsync<KubeException>(() => _cluster.ApplyAsync(Map("b", "bad")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refusal.Code);
        Assert.Contains("data.v: bad is not allowed; say plain", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("the webhook failed: what is crash?", (await Assert.ThrowsAsync<KubeException>(() => _cluster.ApplyAsync(Map("c", "crash")))).Message, StringComparison.Ordinal);
        Assert.Null(await _cluster.Client.GetAsync<V1ConfigMap>("default", "b", Cancellation));
    }

    [Fact]
    public async Task ItHearsWhoAsksAndTellsThem()
    {
        using var http = Http();
        using var content = new StringContent(
            """
            {"request": {"uid": "1", "operation": "CREATE", "kind": {"kind": "ConfigMap"}, "object": {"data": {"v": "told"}},
             "userInfo": {"username": "jane", "groups": ["a", "b"]}}}
            """, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync($"https://127.0.0.1:{_port}/maps", content, Cancellation);
        var review = System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!["response"]!;
        Assert.True((bool)review["allowed"]!);
        Assert.Equal("jane of a, b", (string?)Assert.Single(review["warnings"]!.AsArray()));
    }

    [Fact]
    public async Task ARenewedCertificateIsUsedAtTheNextHandshake()
    {
        var before = await PresentedAsync();
        WriteCertificate();
        Assert.NotEqual(before, await PresentedAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"request": {}}""")]
    [InlineData("no json")]
    public async Task WhatIsNoReviewIsRefused(string body)
    {
        using var http = Http();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync($"https://127.0.0.1:{_port}/maps", content, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static AdmissionAnswer Answer(AdmissionRequest request)
    {
        var map = request.Object!;
        switch ((string?)map["data"]?["v"])
        {
            case "bad":
                return AdmissionAnswer.Deny("data.v: bad is not allowed; say plain", 422);
            case "told":
                return AdmissionAnswer.Warn($"{request.User?.Name} of {string.Join(", ", request.User?.Groups ?? [])}");
            case "crash":
                throw new InvalidOperationException("what is crash?");
            default:
                map["metadata"]!["labels"] = new System.Text.Json.Nodes.JsonObject { ["seen"] = "yes" };
                return AdmissionAnswer.Mutate(map);
        }
    }

    private static string Map(string name, string value) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{name}}, namespace: default}
        data: {v: {{value}}}
        """;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private Task RegisterAsync() => _cluster.ApplyAsync($$"""
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: {name: test}
        webhooks:
        - name: maps.example.org
          admissionReviewVersions: [v1]
          sideEffects: None
          failurePolicy: Fail
          clientConfig:
            url: https://127.0.0.1:{{_port}}/maps
            caBundle: {{Convert.ToBase64String(File.ReadAllBytes(Path.Combine(_folder, "tls.crt")))}}
          rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
        """);

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
        File.WriteAllText(Path.Combine(_folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "tls.crt"), certificate.ExportCertificatePem());
    }

    private HttpClient Http(Action<string>? presented = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            presented?.Invoke(certificate!.GetCertHashString());
            return certificate?.Subject == "CN=webhook";
        };
        return new HttpClient(handler);
    }

    private async Task<string> PresentedAsync()
    {
        var hash = "";
        using var http = Http(h => hash = h);
        await http.GetStringAsync($"https://127.0.0.1:{_port}/healthz", Cancellation);
        return hash;
    }

    private async Task<bool> IsUpAsync()
    {
        try
        {
            return await PresentedAsync() != "";
        }
        catch (HttpRequestException) when (!_running.IsFaulted)
        {
            return false;
        }
    }
}
