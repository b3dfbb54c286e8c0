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

        return await ExplainAsync(reference, async () =>
        {
            var found = await LocateAsync(reference, cancellation).ConfigureAwait(false);
            if (found.Digest is { } known && _charts.TryGetValue(known, out var chart))
            {
                return chart;
            }

            using var archive = new MemoryStream(await found.DownloadAsync().ConfigureAwait(false));
            chart = ChartLoader.FromArchive(archive, found.Source);
            return found.Digest is { } digest ? _charts.GetOrAdd(digest, chart) : chart;
        }, cancellation).ConfigureAwait(false);
    }

    /// <summary>Fetches the archive (tar, gzip) of a chart from a registry or a repository.</summary>
    /// <exception cref="ChartException">It is not there.</exception>
    public Task<byte[]> ArchiveAsync(ChartReference reference, CancellationToken cancellation) => ExplainAsync(
        reference, async () => await (await LocateAsync(reference, cancellation).ConfigureAwait(false)).DownloadAsync().ConfigureAwait(false), cancellation);

    /// <summary>Fetches a chart that is a folder of an archive (tar, gzip), e.g. of a project's sources.</summary>
    /// <param name="archive">The archive's address; its fragment is the folder.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ChartException">It is not there, or is no chart.</exception>
    public Task<Chart> FetchFolderAsync(Uri archive, CancellationToken cancellation)
    {
        var folder = Uri.UnescapeDataString(archive.Fragment.TrimStart('#'));
        var reference = new ChartReference(archive.GetLeftPart(UriPartial.Query), Path.GetFileName(folder), "");
        return ExplainAsync(
            reference,
            async () =>
            {
                using var content = new MemoryStream(await http.GetByteArrayAsync(archive, cancellation).ConfigureAwait(false));
                return ChartLoader.FromArchive(content, archive.ToString(), folder);
            },
            cancellation);
    }

    private static async Task<T> ExplainAsync<T>(ChartReference reference, Func<Task<T>> fetch, CancellationToken cancellation)
    {
        try
        {
            return await fetch().ConfigureAwait(false);
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

    /// <param name="Digest">What the archive is known by; null where only its content tells.</param>
    /// <param name="Source">Where it comes from, for people.</param>
    /// <param name="DownloadAsync">Gets the archive.</param>
    private sealed record Found(string? Digest, string Source, Func<Task<byte[]>> DownloadAsync);

    private Task<Found> LocateAsync(ChartReference reference, CancellationToken cancellation) =>
        reference.Repository.StartsWith("oci://", StringComparison.Ordinal)
            ? InRegistryAsync(reference, cancellation)
            : InRepositoryAsync(reference, cancellation);

    private async Task<Found> InRegistryAsync(ChartReference reference, CancellationToken cancellation)
    {
        var session = new OciSession(http, reference, PlainHttp, Credentials);
        var tag = await session.ResolveAsync(cancellation).ConfigureAwait(false);
        var digest = await session.ChartLayerAsync(tag, cancellation).ConfigureAwait(false);
        return new Found(digest, $"{reference.Chart}:{tag}", () => session.BlobAsync(digest, cancellation));
    }

    private async Task<Found> InRepositoryAsync(ChartReference reference, CancellationToken cancellation)
    {
        var root = new Uri(reference.Repository.TrimEnd('/') + "/");
        var index = RepositoryIndex.Parse(
            await GetTextAsync(new Uri(root, "index.yaml"), cancellation).ConfigureAwait(false), root.ToString());
        var url = new Uri(root, index.Find(reference.Chart, reference.Version));
        return new Found(null, url.ToString(), async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            OciSession.Authorize(request, url.Host == root.Host ? Credentials : null);
            using var response = await http.SendAsync(request, cancellation).ConfigureAwait(false);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        });
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
