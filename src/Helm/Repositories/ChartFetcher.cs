using System.Collections.Concurrent;
using Dpf.Helm.Charts;

namespace Dpf.Helm.Repositories;

/// <summary>Fetches charts from OCI registries, HTTP repositories and folders.</summary>
/// <param name="http">Makes requests; its lifetime is the caller's.</param>
public sealed class ChartFetcher(HttpClient http)
{
    private readonly ConcurrentDictionary<string, Chart> _charts = new(StringComparer.Ordinal);

    /// <summary>Registries (<c>host[:port]</c>) that speak HTTP without TLS.</summary>
    public IReadOnlySet<string> PlainHttp { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Who to be, or null.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>Fetches a chart.</summary>
    /// <exception cref="ChartException">It is not there, or is no chart.</exception>
    public async Task<Chart> FetchAsync(ChartReference reference, CancellationToken cancellation)
    {
        if (!reference.Repository.Contains("://", StringComparison.Ordinal))
        {
            return FromPath(Path.Combine(reference.Repository, reference.Chart));
        }

        try
        {
            return reference.Repository.StartsWith("oci://", StringComparison.Ordinal)
                ? await FromRegistryAsync(reference, cancellation).ConfigureAwait(false)
                : await FromRepositoryAsync(reference, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new ChartException($"cannot fetch chart {reference.Chart} from {reference.Repository}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ChartException($"cannot fetch chart {reference.Chart} from {reference.Repository}: no answer in time", e);
        }
    }

    private static Chart FromPath(string path)
    {
        if (Directory.Exists(path))
        {
            return ChartLoader.FromFolder(path);
        }

        if (!File.Exists(path))
        {
            throw new ChartException($"path \"{path}\" not found");
        }

        using var archive = File.OpenRead(path);
        return ChartLoader.FromArchive(archive, path);
    }

    private async Task<Chart> FromRegistryAsync(ChartReference reference, CancellationToken cancellation)
    {
        var session = new OciSession(http, reference, PlainHttp, Credentials);
        var tag = await session.ResolveAsync(cancellation).ConfigureAwait(false);
        var digest = await session.ChartLayerAsync(tag, cancellation).ConfigureAwait(false);
        if (_charts.TryGetValue(digest, out var known))
        {
            return known;
        }

        using var archive = new MemoryStream(await session.BlobAsync(digest, cancellation).ConfigureAwait(false));
        return _charts.GetOrAdd(digest, ChartLoader.FromArchive(archive, $"{reference.Chart}:{tag}"));
    }

    private async Task<Chart> FromRepositoryAsync(ChartReference reference, CancellationToken cancellation)
    {
        var root = new Uri(reference.Repository.TrimEnd('/') + "/");
        var index = RepositoryIndex.Parse(
            await GetTextAsync(new Uri(root, "index.yaml"), cancellation).ConfigureAwait(false), root.ToString());
        var url = new Uri(root, index.Find(reference.Chart, reference.Version));
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        OciSession.Authorize(request, url.Host == root.Host ? Credentials : null);
        using var response = await http.SendAsync(request, cancellation).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        using var archive = new MemoryStream(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        return ChartLoader.FromArchive(archive, url.ToString());
    }

    private async Task<string> GetTextAsync(Uri url, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        OciSession.Authorize(request, Credentials);
        using var response = await http.SendAsync(request, cancellation).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
    }
}
