using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Repository;

/// <summary>How a <see cref="ChartRepository"/> runs.</summary>
public sealed record ChartRepositoryOptions
{
    /// <summary>The folders with one folder a chart, named as the chart is.</summary>
    public required IReadOnlyList<string> ChartsPaths { get; init; }

    /// <summary>Where to listen.</summary>
    public required IReadOnlyList<IPEndPoint> Endpoints { get; init; }

    /// <summary>Makes the bound socket of an endpoint, e.g. in another network namespace; null: an ordinary one.</summary>
    public Func<EndPoint, Socket>? BoundSocket { get; init; }

    /// <summary>The boot images that <c>/bfb/&lt;name&gt;</c> serves.</summary>
    public IReadOnlyList<string> BootImages { get; init; } = ["bf-bundle-2.9.1-lab.bfb"];

    /// <summary>Where it logs.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>
/// A read-only OCI registry of the charts in some folders, at any version that is asked for, and a file server for boot images. What
/// a chart needs from repositories elsewhere comes from the same folders.
/// </summary>
public sealed class ChartRepository : IAsyncDisposable
{
    private readonly ChartRepositoryOptions _options;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, (byte[] Content, string Type)> _blobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _images = new(StringComparer.Ordinal);

    private ChartRepository(ChartRepositoryOptions options)
    {
        _options = options;
        var builder = EmbeddedWeb.CreateBuilder(options.Loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            foreach (var endpoint in options.Endpoints)
            {
                kestrel.Listen(endpoint);
            }
        });
        if (options.BoundSocket is { } socket)
        {
            builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = endpoint => socket(endpoint));
        }

        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>The addresses it listens on.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _app.Urls];

    /// <summary>Starts serving.</summary>
    public static async Task<ChartRepository> StartAsync(ChartRepositoryOptions options, CancellationToken cancellation)
    {
        var repository = new ChartRepository(options);
        await repository._app.StartAsync(cancellation);
        return repository;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ServeAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        if (http.Request.Method is not ("GET" or "HEAD"))
        {
            await RefuseAsync(http, 405, "UNSUPPORTED", "this registry is read only");
        }
        else if (path.StartsWith("/bfb/", StringComparison.Ordinal))
        {
            await ServeImageAsync(http, path["/bfb/".Length..]);
        }
        else if (path is "/v2" or "/v2/")
        {
            http.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
            await WriteAsync(http, "{}"u8.ToArray(), "application/json");
        }
        else if (path.StartsWith("/v2/", StringComparison.Ordinal))
        {
            await ServeRegistryAsync(http, path["/v2/".Length..].Split('/'));
        }
        else
        {
            await RefuseAsync(http, 404, "NOT_FOUND", $"{path}: not here; this server has /v2/ (charts) and /bfb/ (boot images)");
        }
    }

    private async Task ServeRegistryAsync(HttpContext http, string[] parts)
    {
        if (parts.Length < 3)
        {
            await RefuseAsync(http, 404, "NAME_UNKNOWN", "expected <name>/manifests/<tag>, <name>/blobs/<digest> or <name>/tags/list");
            return;
        }

        var (name, kind, reference) = (parts[^3], parts[^2], parts[^1]);
        if (Folder(name) is not { } folder)
        {
            await RefuseAsync(http, 404, "NAME_UNKNOWN", $"chart {name}: not in this repository");
            return;
        }

        switch (kind)
        {
            case "tags":
                var chart = Pack(folder, "0.0.0");
                Remember(chart);
                var tags = new JsonObject { ["name"] = string.Join('/', parts[..^2]), ["tags"] = new JsonArray(Declared(folder)) };
                await WriteAsync(http, System.Text.Encoding.UTF8.GetBytes(tags.ToJsonString()), "application/json");
                break;
            case "manifests" when !reference.StartsWith("sha256:", StringComparison.Ordinal):
                // A tag cannot hold a plus sign, so registries of charts write an underscore.
                var package = Pack(folder, reference.Replace('_', '+'));
                Remember(package);
                await ServeBlobAsync(http, ChartPackage.DigestOf(package.Manifest));
                break;
            case "manifests" or "blobs":
                await ServeBlobAsync(http, reference);
                break;
            default:
                await RefuseAsync(http, 404, "NOT_FOUND", $"{kind}: unknown");
                break;
        }
    }

    private string? Folder(string chart) => chart.StartsWith('.')
        ? null
        : _options.ChartsPaths.Select(p => Path.Combine(p, chart)).FirstOrDefault(f => File.Exists(Path.Combine(f, "Chart.yaml")));

    private ChartPackage Pack(string folder, string? version = null) => ChartPackage.Pack(folder, new PackOptions
    {
        Version = version,
        Dependencies = ChartPackage.MissingFrom(folder).ToDictionary(
            d => d.Name,
            d => Pack(Folder(d.Name) ?? throw new ChartException($"{folder}: chart {d.Name}, which it needs, is not in this repository")).Archive,
            StringComparer.Ordinal),
    });

    private static string Declared(string folder) =>
        File.ReadLines(Path.Combine(folder, "Chart.yaml")).FirstOrDefault(l => l.StartsWith("version:", StringComparison.Ordinal))
            ?["version:".Length..].Trim().Trim('"', '\'') ?? "0.1.0";

    private void Remember(ChartPackage package)
    {
        _blobs[ChartPackage.DigestOf(package.Manifest)] = (package.Manifest, ChartPackage.ManifestType);
        _blobs[ChartPackage.DigestOf(package.Config)] = (package.Config, "application/octet-stream");
        _blobs[ChartPackage.DigestOf(package.Archive)] = (package.Archive, "application/octet-stream");
    }

    private async Task ServeBlobAsync(HttpContext http, string digest)
    {
        if (!_blobs.TryGetValue(digest, out var blob))
        {
            await RefuseAsync(http, 404, "BLOB_UNKNOWN", $"{digest}: unknown; ask for the manifest by its tag first");
            return;
        }

        http.Response.Headers["Docker-Content-Digest"] = digest;
        await WriteAsync(http, blob.Content, blob.Type);
    }

    private async Task ServeImageAsync(HttpContext http, string name)
    {
        if (!_options.BootImages.Contains(name))
        {
            await RefuseAsync(http, 404, "NOT_FOUND", $"boot image {name}: not here; there are: {string.Join(", ", _options.BootImages)}");
            return;
        }

        var image = _images.GetOrAdd(name, n => BootImage.Create(n));
        await Results.Bytes(image, "application/octet-stream", enableRangeProcessing: true).ExecuteAsync(http);
    }

    private static async Task WriteAsync(HttpContext http, byte[] content, string type)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = content.Length;
        if (http.Request.Method != "HEAD")
        {
            await http.Response.Body.WriteAsync(content, http.RequestAborted);
        }
    }

    private static Task RefuseAsync(HttpContext http, int status, string code, string message)
    {
        http.Response.StatusCode = status;
        var body = new JsonObject { ["errors"] = new JsonArray(new JsonObject { ["code"] = code, ["message"] = message }) };
        return http.Request.Method == "HEAD"
            ? Task.CompletedTask
            : http.Response.WriteAsync(body.ToJsonString(), http.RequestAborted);
    }
}
