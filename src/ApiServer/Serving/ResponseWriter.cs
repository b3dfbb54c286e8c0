using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Reads bodies of requests and writes answers in the form that the client asks for.</summary>
public sealed partial class ResponseWriter
{
    /// <summary>Reads the body by its Content-Type (JSON, YAML, or a codec's); null: empty.</summary>
    public Task<JsonNode?> ReadAsync(HttpContext http, ResourceDefinition? expected, CancellationToken cancellation) =>
        throw new InvalidOperationException("being written");

    /// <summary>Writes an object in the form that Accept asks for.</summary>
    public Task WriteAsync(HttpContext http, int code, JsonObject value, CancellationToken cancellation) =>
        throw new InvalidOperationException("being written");

    /// <summary>Writes a failure.</summary>
    public Task WriteErrorAsync(HttpContext http, ApiException error, CancellationToken cancellation) =>
        throw new InvalidOperationException("being written");
}
