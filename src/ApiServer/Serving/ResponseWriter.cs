using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using YamlDotNet.Core;

namespace Dpf.ApiServer.Serving;

/// <summary>Reads bodies of requests and writes answers in the form that the client asks for.</summary>
public sealed class ResponseWriter(ServerComposition server)
{
    private const int BodyLimit = 3 * 1024 * 1024;
    private static readonly byte[] ProtobufMagic = "k8s\0"u8.ToArray();

    /// <summary>Reads the body by its Content-Type (JSON, YAML, or a codec's); null: empty.</summary>
    /// <exception cref="ApiException">It is too large, of an unknown type (415) or broken (400).</exception>
    public async Task<JsonNode?> ReadAsync(HttpContext http, ResourceDefinition? expected, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        await http.Request.Body.CopyToAsync(buffer, cancellation);
        if (buffer.Length > BodyLimit)
        {
            throw new ApiException(413, "RequestEntityTooLarge", $"Request entity too large: limit is {BodyLimit}");
        }

        var body = buffer.ToArray();
        var type = (http.Request.ContentType ?? "application/json").Split(';')[0].Trim();
        if (body.Length == 0)
        {
            return null;
        }

        if (body.AsSpan().StartsWith(ProtobufMagic))
        {
            type = "application/vnd.kubernetes.protobuf";
        }

        if (server.Codecs.FirstOrDefault(c => c.MediaType == type) is { } codec)
        {
            return codec.Read(body, expected);
        }

        try
        {
            return type.Contains("yaml", StringComparison.Ordinal)
                ? YamlReading.Parse(System.Text.Encoding.UTF8.GetString(body))
                : JsonReading.Parse(body);
        }
        catch (Exception e) when (e is JsonException or YamlException)
        {
            throw ApiErrors.BadRequest($"the body is not valid {(type.Contains("yaml", StringComparison.Ordinal) ? "YAML" : "JSON")}: {e.Message}");
        }
    }

    /// <summary>Writes an object in the form that Accept asks for.</summary>
    public async Task WriteAsync(HttpContext http, int code, JsonObject value, CancellationToken cancellation)
    {
        http.Response.StatusCode = code;
        var accept = http.Request.Headers.Accept.ToString();
        foreach (var type in accept.Split(','))
        {
            var name = type.Split(';')[0].Trim();
            if (server.Codecs.FirstOrDefault(c => c.MediaType == name && !type.Contains("as=", StringComparison.Ordinal)) is { } codec &&
                codec.CanWrite(value.Text("apiVersion") ?? "", value.Text("kind") ?? ""))
            {
                await SendAsync(http, codec.MediaType, codec.Write(value), cancellation);
                return;
            }

            if (name is "application/json" or "*/*" or "")
            {
                break;
            }

            if (name == "application/yaml")
            {
                await SendAsync(http, name, System.Text.Encoding.UTF8.GetBytes(YamlReading.Write(value)), cancellation);
                return;
            }
        }

        await SendAsync(http, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, JsonText.Relaxed), cancellation);
    }

    /// <summary>Writes that something was done of which there is no object to show (201).</summary>
    public Task WriteSuccessAsync(HttpContext http, CancellationToken cancellation) => WriteAsync(
        http, 201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 },
        cancellation);

    /// <summary>Writes a failure.</summary>
    public Task WriteErrorAsync(HttpContext http, ApiException error, CancellationToken cancellation)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        if (error.RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return WriteAsync(http, error.Code, error.ToStatus(), cancellation);
    }

    private static async Task SendAsync(HttpContext http, string type, byte[] body, CancellationToken cancellation)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(body, cancellation);
        }
    }
}
