using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Vitals;
using k8s;
using k8s.Models;

namespace Dpf.Runtime.Clusters;

/// <summary>
/// One API server, seen through the verbs that controllers use. Thread-safe. Typed methods take any kind with a
/// <see cref="KubernetesEntityAttribute"/>; those of <see cref="JsonObject"/> take whatever the server knows.
/// </summary>
public sealed partial class KubeClient : IDisposable
{
    private const string ServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
    private readonly HttpClient _http;

    /// <summary>A client for a connection.</summary>
    /// <param name="connection">The server, and who asks.</param>
    /// <param name="vitals">Where its requests are counted; null for nowhere.</param>
    public KubeClient(KubeConnection connection, ComponentVitals? vitals = null)
    {
        Connection = connection;
        Vitals = vitals;
        var handler = connection.CreateHandler();
        Streams = new HttpMessageInvoker(handler, disposeHandler: false);
        _http = new HttpClient(vitals is null ? handler : new CountedRequests(handler, vitals.Metrics))
        {
            BaseAddress = connection.Server,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("dpf/24.10");
    }

    /// <summary>How the server is reached.</summary>
    public KubeConnection Connection { get; }

    /// <summary>The numbers and checks of the component that asks; null when nobody wants them.</summary>
    public ComponentVitals? Vitals { get; }

    /// <summary>What WebSockets are opened with.</summary>
    internal HttpMessageInvoker Streams { get; }

    /// <summary>How long a request other than a watch may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A client from a kubeconfig's text.</summary>
    /// <exception cref="FormatException">It is no kubeconfig.</exception>
    public static KubeClient FromKubeconfig(string yaml, Machines.INetworkNamespace? network = null) =>
        new(KubeConnection.FromKubeconfig(yaml, network));

    /// <summary>The cluster that a component's pod runs in.</summary>
    public static KubeClient InCluster(ComponentContext context)
    {
        var host = context.Variable("KUBERNETES_SERVICE_HOST") ?? throw new InvalidOperationException(
            $"{context.Name}: KUBERNETES_SERVICE_HOST is not set; run in a pod, or give a kubeconfig");
        var port = context.Variable("KUBERNETES_SERVICE_PORT", "443");
        return new KubeClient(new KubeConnection
        {
            Server = new Uri($"https://{host}:{port}"),
            CertificateAuthority = File.ReadAllText(context.Path(ServiceAccountFolder + "/ca.crt")),
            Token = new TokenFile(context.Path(ServiceAccountFolder + "/token")).Read,
            Network = context.Network,
        }, context.Vitals);
    }

    /// <summary>The object, or null when it is not there.</summary>
    public async Task<T?> GetAsync<T>(string? ns, string name, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        await SendAsync(HttpMethod.Get, ResourceType.Of<T>().Path(ns, name), null, null, cancellation, notFoundIsNull: true) is { } json
            ? Parse<T>(json)
            : null;

    /// <summary>All objects of a kind, in one namespace or (null) in all.</summary>
    public async Task<IReadOnlyList<T>> ListAsync<T>(
        string? ns, CancellationToken cancellation, string? labelSelector = null, string? fieldSelector = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await ListPageAsync<T>(ns, labelSelector, fieldSelector, cancellation)).Items;

    /// <summary>All objects of a kind with the revision of the list, to watch from.</summary>
    public async Task<(IReadOnlyList<T> Items, string ResourceVersion)> ListPageAsync<T>(
        string? ns, string? labelSelector, string? fieldSelector, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        var path = type.Path(ns) + Query(("labelSelector", labelSelector), ("fieldSelector", fieldSelector));
        var json = await SendAsync(HttpMethod.Get, path, null, null, cancellation);
        var list = KubeJson.Read<TypedList<T>>(new ReadOnlySequence<byte>(json!));
        foreach (var item in list.Items)
        {
            item.ApiVersion = type.ApiVersion;
            item.Kind = type.Kind;
        }

        return (list.Items, list.Metadata?.ResourceVersion ?? "");
    }

    /// <summary>Creates an object (its <c>generateName</c> is honoured).</summary>
    /// <exception cref="KubeException">It exists already (409), or is not valid (422).</exception>
    public async Task<T> CreateAsync<T>(T value, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Parse<T>((await SendAsync(
            HttpMethod.Post, ResourceType.Of<T>().Path(value.Metadata.NamespaceProperty), Body(value), "application/json", cancellation))!);

    /// <summary>Replaces an object; a set resourceVersion must be the current one.</summary>
    /// <exception cref="KubeException">Somebody else changed it (409).</exception>
    public async Task<T> UpdateAsync<T>(T value, CancellationToken cancellation, string? subresource = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Parse<T>((await SendAsync(
            HttpMethod.Put,
            ResourceType.Of<T>().Path(value.Metadata.NamespaceProperty, value.Metadata.Name, subresource),
            Body(value), "application/json", cancellation))!);

    /// <summary>Replaces an object's status.</summary>
    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> => UpdateAsync(value, cancellation, "status");

    /// <summary>
    /// Server-side apply with force: the object as given is all that <paramref name="fieldManager"/> wants; fields it applied
    /// before and leaves out now are removed.
    /// </summary>
    public async Task<T> ApplyAsync<T>(T value, string fieldManager, CancellationToken cancellation, string? subresource = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        value.ApiVersion = type.ApiVersion;
        value.Kind = type.Kind;
        var body = JsonNode.Parse(Body(value))!.AsObject();
        ((JsonObject)body["metadata"]!).Remove("managedFields");
        ((JsonObject)body["metadata"]!).Remove("resourceVersion");
        var path = type.Path(value.Metadata.NamespaceProperty, value.Metadata.Name, subresource) +
            Query(("fieldManager", fieldManager), ("force", "true"));
        return Parse<T>((await SendAsync(HttpMethod.Patch, path, body.ToJsonString(), "application/apply-patch+yaml", cancellation))!);
    }

    /// <summary>Server-side apply of the status alone.</summary>
    public Task<T> ApplyStatusAsync<T>(T value, string fieldManager, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> => ApplyAsync(value, fieldManager, cancellation, "status");

    /// <summary>A JSON merge patch (RFC 7386); null in the patch removes a field.</summary>
    public async Task<T> PatchAsync<T>(
        string? ns, string name, JsonNode patch, CancellationToken cancellation, string? subresource = null, string? fieldManager = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Parse<T>((await SendAsync(
            HttpMethod.Patch, ResourceType.Of<T>().Path(ns, name, subresource) + Query(("fieldManager", fieldManager)),
            patch.ToJsonString(), "application/merge-patch+json", cancellation))!);

    /// <summary>A JSON merge patch of the status subresource.</summary>
    public Task<T> PatchStatusAsync<T>(string? ns, string name, JsonNode patch, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> => PatchAsync<T>(ns, name, patch, cancellation, "status");

    /// <summary>
    /// A strategic merge patch of the status subresource: of a list with a key, such as conditions, only the items in the patch
    /// change, whatever others write at the same time. For Kubernetes' own kinds.
    /// </summary>
    public Task MergeStatusAsync<T>(string? ns, string name, JsonNode patch, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> => SendAsync(
            HttpMethod.Patch, ResourceType.Of<T>().Path(ns, name, "status"), patch.ToJsonString(), "application/strategic-merge-patch+json", cancellation);

    /// <summary>Deletes an object; false when it was not there.</summary>
    /// <param name="ns">The namespace; null for a cluster-scoped kind.</param>
    /// <param name="name">The name.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <param name="propagation"><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>.</param>
    /// <param name="gracePeriodSeconds">Seconds; null for the kind's own.</param>
    /// <param name="uid">Deletes only this incarnation.</param>
    public async Task<bool> DeleteAsync<T>(
        string? ns, string name, CancellationToken cancellation, string propagation = "Background", int? gracePeriodSeconds = null,
        string? uid = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = propagation };
        if (gracePeriodSeconds is { } seconds)
        {
            options["gracePeriodSeconds"] = seconds;
        }

        if (uid is not null)
        {
            options["preconditions"] = new JsonObject { ["uid"] = uid };
        }

        return await SendAsync(
            HttpMethod.Delete, ResourceType.Of<T>().Path(ns, name), options.ToJsonString(), "application/json", cancellation,
            notFoundIsNull: true) is not null;
    }

    /// <summary>
    /// Changes from a revision on, until the server ends the watch or <paramref name="cancellation"/>. Bookmarks are delivered.
    /// </summary>
    /// <exception cref="KubeException">The revision is too old (410).</exception>
    public async IAsyncEnumerable<WatchChange<T>> WatchAsync<T>(
        string? ns, string? resourceVersion, [EnumeratorCancellation] CancellationToken cancellation, string? labelSelector = null,
        string? fieldSelector = null, TimeSpan? serverTimeout = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        var path = type.Path(ns) + Query(
            ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion), ("labelSelector", labelSelector),
            ("fieldSelector", fieldSelector), ("timeoutSeconds", serverTimeout is { } t ? ((int)t.TotalSeconds).ToString() : null));
        using var request = Request(HttpMethod.Get, path, null, null);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw Failure(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation), $"watch {path}");
        }

        await foreach (var (kind, content) in WatchFrames.ReadAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation))
        {
            if (kind == "ERROR")
            {
                var said = content.ToArray();
                var code = (int?)JsonNode.Parse(said)?["code"] ?? (int)HttpStatusCode.InternalServerError;
                throw Failure((HttpStatusCode)code, said, $"watch {path}");
            }

            yield return new WatchChange<T>(kind, Parse<T>(content));
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _http.Dispose();
        Streams.Dispose();
    }

    private static string Body<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        value.ApiVersion = type.ApiVersion;
        value.Kind = type.Kind;
        return KubernetesJson.Serialize(value);
    }

    private static T Parse<T>(byte[] json)
        where T : class, IKubernetesObject<V1ObjectMeta> => Parse<T>(new ReadOnlySequence<byte>(json));

    private static T Parse<T>(ReadOnlySequence<byte> json)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var value = KubeJson.Read<T>(json);
        var type = ResourceType.Of<T>();
        value.ApiVersion = type.ApiVersion;
        value.Kind = type.Kind;
        value.Metadata ??= new V1ObjectMeta();
        return value;
    }

    private static string Query(params IEnumerable<(string Name, string? Value)> parameters)
    {
        var set = parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToList();
        return set.Count == 0 ? "" : "?" + string.Join('&', set);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? body, string? contentType)
    {
        var request = new HttpRequestMessage(method, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (Connection.Token?.Invoke() is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }

        return request;
    }

    private async Task<byte[]?> SendAsync(
        HttpMethod method, string path, string? body, string? contentType, CancellationToken cancellation, bool notFoundIsNull = false)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(RequestTimeout);
        try
        {
            using var request = Request(method, path, body, contentType);
            using var response = await _http.SendAsync(request, timeout.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(timeout.Token);
            if (response.IsSuccessStatusCode)
            {
                return answer;
            }

            if (notFoundIsNull && response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            throw Failure(response.StatusCode, answer, $"{method.Method.ToLowerInvariant()} {path.Split('?')[0]}");
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{method} {Connection.Server}{path}: no answer in {RequestTimeout.TotalSeconds:0} s", e);
        }
    }

    private static KubeException Failure(HttpStatusCode code, byte[] answer, string request)
    {
        var text = Encoding.UTF8.GetString(answer);
        try
        {
            if (JsonNode.Parse(text) is JsonObject status)
            {
                return new KubeException(code, (string?)status["reason"] ?? "", Message(status) ?? text, request);
            }
        }
        catch (System.Text.Json.JsonException)
        {
            // A proxy's or a health endpoint's plain text: shown as it is.
        }

        return new KubeException(code, code.ToString(), text.Trim(), request);
    }

    /// <summary>The message of a Status, with those of its causes that it does not have in it.</summary>
    private static string? Message(JsonObject status)
    {
        var message = (string?)status["message"];
        var causes = (status["details"]?["causes"] as JsonArray ?? []).Select(c => (string?)c?["message"]).OfType<string>()
            .Where(c => message?.Contains(c, StringComparison.Ordinal) != true).ToList();
        return causes.Count == 0 ? message : $"{message} {string.Join("; ", causes)}".Trim();
    }

    private sealed class TypedList<T>
    {
        [System.Text.Json.Serialization.JsonPropertyName("metadata")]
        public V1ListMeta? Metadata { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("items")]
        public List<T> Items { get; set; } = [];
    }
}

/// <summary>One change seen by a watch.</summary>
/// <param name="Type"><c>ADDED</c>, <c>MODIFIED</c>, <c>DELETED</c> or <c>BOOKMARK</c>.</param>
/// <param name="Value">The object after the change (before it, for a deletion).</param>
public sealed record WatchChange<T>(string Type, T Value);
