using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dpf.Runtime.Admission;

/// <summary>
/// Serves admission webhooks over HTTPS in the component's network. The serving certificate is read from a folder
/// (<c>tls.crt</c>, <c>tls.key</c>, as a mounted Secret has them) at every handshake, so a renewed one is used at once.
/// </summary>
public sealed class WebhookServer(ComponentContext context, int port, string certificateFolder)
{
    private readonly Dictionary<string, Func<AdmissionRequest, CancellationToken, Task<AdmissionAnswer>>> _handlers = [];
    private (string Pem, X509Certificate2 Certificate)? _certificate;

    /// <summary>Answers reviews sent to a path.</summary>
    public WebhookServer Map(string path, Func<AdmissionRequest, CancellationToken, Task<AdmissionAnswer>> handler)
    {
        _handlers[path] = handler;
        return this;
    }

    /// <summary>Serves until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => ComponentServer.ServeAsync(
        context, port,
        app =>
        {
            foreach (var (path, handler) in _handlers)
            {
                app.MapPost(path, http => MeasuredAsync(http, path, handler));
            }

            app.MapGet("/healthz", () => "ok");
            app.MapGet("/readyz", () => "ok");
        },
        cancellation, Certificate);

    private async Task MeasuredAsync(
        HttpContext http, string path, Func<AdmissionRequest, CancellationToken, Task<AdmissionAnswer>> handler)
    {
        var ended = context.Vitals.Metrics.Webhook(path, context.Time);
        try
        {
            await AnswerAsync(http, handler);
        }
        finally
        {
            ended(http.Response.StatusCode);
        }
    }

    private static async Task AnswerAsync(HttpContext http, Func<AdmissionRequest, CancellationToken, Task<AdmissionAnswer>> handler)
    {
        if (await ReadAsync(http) is not { } request)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            await http.Response.WriteAsync("expected an AdmissionReview with a request", http.RequestAborted);
            return;
        }

        AdmissionAnswer answer;
        try
        {
            answer = await handler(
                new AdmissionRequest(
                    (string)request["operation"]!,
                    (string)request["kind"]!["kind"]!,
                    (string?)request["namespace"],
                    (string?)request["name"],

                    // Its own copy: a handler may change it and return it as what it should be.
                    request["object"]?.DeepClone() as JsonObject,
                    request["oldObject"] as JsonObject)
                {
                    User = User(request["userInfo"]),
                },
                http.RequestAborted);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            answer = AdmissionAnswer.Deny($"the webhook failed: {e.Message}", 500);
        }

        var response = new JsonObject { ["uid"] = request["uid"]?.DeepClone(), ["allowed"] = answer.Allowed };
        if (!answer.Allowed)
        {
            response["status"] = new JsonObject { ["code"] = answer.Code, ["message"] = answer.Message };
        }
        else if (answer.Mutated is { } mutated && JsonDiff.Between(request["object"], mutated) is { Count: > 0 } patch)
        {
            response["patchType"] = "JSONPatch";
            response["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch.ToJsonString()));
        }

        if (answer.Warnings.Count > 0)
        {
            response["warnings"] = new JsonArray([.. answer.Warnings.Select(w => (JsonNode)w)]);
        }

        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(
            new JsonObject
            {
                ["apiVersion"] = "admission.k8s.io/v1",
                ["kind"] = "AdmissionReview",
                ["response"] = response,
            }.ToJsonString(),
            http.RequestAborted);
    }

    private static AdmissionUser? User(JsonNode? user) => (string?)user?["username"] is { } name
        ? new AdmissionUser(name, [.. (user["groups"] as JsonArray ?? []).Select(g => (string?)g).OfType<string>()])
        : null;

    private static async Task<JsonObject?> ReadAsync(HttpContext http)
    {
        try
        {
            var review = await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) as JsonObject;
            return review?["request"] is JsonObject request && request["operation"] is not null && request["kind"]?["kind"] is not null ? request : null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private X509Certificate2 Certificate()
    {
        var folder = context.Path(certificateFolder);
        var pem = File.ReadAllText(System.IO.Path.Combine(folder, "tls.crt"));
        if (_certificate is not var (known, certificate) || known != pem)
        {
            certificate = X509Certificate2.CreateFromPem(pem, File.ReadAllText(System.IO.Path.Combine(folder, "tls.key")));
            _certificate = (pem, certificate);
        }

        return certificate;
    }
}
