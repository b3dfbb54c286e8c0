using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace Dpf.Runtime.Clusters;

/// <content>Objects whose kind is known only at run time.</content>
public sealed partial class KubeClient
{
    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), (ResourceType Type, bool Namespaced)> _mappings = new();

    /// <summary>Finds the resource of a kind by discovery; remembered, because a kind does not move.</summary>
    /// <exception cref="KubeException">The server does not know the kind (404): install its CRD first.</exception>
    public async Task<(ResourceType Type, bool Namespaced)> MapAsync(string apiVersion, string kind, CancellationToken cancellation)
    {
        if (_mappings.TryGetValue((apiVersion, kind), out var known))
        {
            return known;
        }

        var path = apiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
        var json = await SendAsync(HttpMethod.Get, path, null, null, cancellation, notFoundIsNull: true);
        var parts = apiVersion.Split('/');
        foreach (var resource in json is null ? [] : JsonNode.Parse(json)!["resources"]!.AsArray())
        {
            if ((string?)resource!["kind"] == kind && !((string)resource["name"]!).Contains('/', StringComparison.Ordinal))
            {
                var type = new ResourceType(parts.Length == 2 ? parts[0] : "", parts[^1], kind, (string)resource["name"]!);
                return _mappings[(apiVersion, kind)] = (type, (bool)resource["namespaced"]!);
            }
        }

        throw new KubeException(
            System.Net.HttpStatusCode.NotFound, "NotFound",
            $"no matches for kind \"{kind}\" in version \"{apiVersion}\"; install its CRD first", "discovery");
    }

    /// <summary>Any GET, as JSON; null when it is not there.</summary>
    public async Task<JsonObject?> GetRawAsync(string path, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Get, path, null, null, cancellation, notFoundIsNull: true) is { } json
            ? JsonNode.Parse(json)!.AsObject()
            : null;

    /// <summary>Any GET, as text, e.g. a container's log; null when it is not there.</summary>
    public async Task<string?> GetTextAsync(string path, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Get, path, null, null, cancellation, notFoundIsNull: true) is { } text ? Encoding.UTF8.GetString(text) : null;

    /// <summary>Any request with a JSON body, as JSON.</summary>
    public async Task<JsonObject?> SendRawAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellation, string contentType = "application/json") =>
        await SendAsync(method, path, body?.ToJsonString(), contentType, cancellation) is { Length: > 0 } json
            ? JsonNode.Parse(json) as JsonObject
            : null;

    /// <summary>An object by kind; null when it is not there.</summary>
    public async Task<JsonObject?> GetAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation)
    {
        var (type, namespaced) = await MapAsync(apiVersion, kind, cancellation);
        return await GetRawAsync(type.Path(namespaced ? ns : null, name), cancellation);
    }

    /// <summary>All objects of a kind.</summary>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(
        string apiVersion, string kind, string? ns, CancellationToken cancellation, string? labelSelector = null)
    {
        var (type, namespaced) = await MapAsync(apiVersion, kind, cancellation);
        var list = await GetRawAsync(type.Path(namespaced ? ns : null) + Query(("labelSelector", labelSelector)), cancellation);
        return [.. list?["items"]?.AsArray().Select(item => item!.AsObject()) ?? []];
    }

    /// <summary>Server-side apply with force of any object; its namespace falls back to <paramref name="defaultNamespace"/>.</summary>
    public Task<JsonObject> ApplyAsync(
        JsonObject manifest, string fieldManager, CancellationToken cancellation, string? defaultNamespace = null) =>
        ApplyAsync(manifest, fieldManager, defaultNamespace, null, cancellation);

    /// <summary>The same of the status alone, which is all that <paramref name="manifest"/> need have besides its name.</summary>
    public Task<JsonObject> ApplyStatusAsync(JsonObject manifest, string fieldManager, CancellationToken cancellation) =>
        ApplyAsync(manifest, fieldManager, null, "status", cancellation);

    /// <summary>Deletes any object; false when it was not there.</summary>
    public async Task<bool> DeleteAsync(
        string apiVersion, string kind, string? ns, string name, CancellationToken cancellation, string propagation = "Background")
    {
        var (type, namespaced) = await MapAsync(apiVersion, kind, cancellation);
        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = propagation };
        return await SendAsync(
            HttpMethod.Delete, type.Path(namespaced ? ns : null, name), options.ToJsonString(), "application/json", cancellation,
            notFoundIsNull: true) is not null;
    }

    private async Task<JsonObject> ApplyAsync(
        JsonObject manifest, string fieldManager, string? defaultNamespace, string? subresource, CancellationToken cancellation)
    {
        var (type, namespaced) = await MapAsync((string)manifest["apiVersion"]!, (string)manifest["kind"]!, cancellation);
        var metadata = manifest["metadata"]!.AsObject();
        var ns = namespaced ? (string?)metadata["namespace"] ?? defaultNamespace ?? "default" : null;
        var path = type.Path(ns, (string)metadata["name"]!, subresource) + Query(("fieldManager", fieldManager), ("force", "true"));
        var json = await SendAsync(HttpMethod.Patch, path, manifest.ToJsonString(), "application/apply-patch+yaml", cancellation);
        return JsonNode.Parse(json!)!.AsObject();
    }
}
