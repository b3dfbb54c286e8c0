using Dpf.Helm.Charts;

namespace Dpf.Helm.Repositories;

/// <summary>Writes charts to an OCI registry.</summary>
/// <param name="http">Makes requests; its lifetime is the caller's.</param>
public sealed class ChartPusher(HttpClient http)
{
    /// <summary>Registries (<c>host[:port]</c>) that speak HTTP without TLS.</summary>
    public IReadOnlySet<string> PlainHttp { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Who to be, or null.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>Writes a chart; its version becomes the tag. What was under the tag before is replaced.</summary>
    /// <param name="package">The chart.</param>
    /// <param name="repository"><c>oci://host[:port]/path</c>, without the chart's name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ChartException">The registry does not take it.</exception>
    public async Task PushAsync(ChartPackage package, string repository, CancellationToken cancellation)
    {
        var session = new OciSession(http, new ChartReference(repository, package.Name, package.Version), PlainHttp, Credentials);
        try
        {
            await session.UploadAsync(package.Config, cancellation).ConfigureAwait(false);
            await session.UploadAsync(package.Archive, cancellation).ConfigureAwait(false);
            await session.TagAsync(package.Manifest, package.Version, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new ChartException($"cannot push chart {package.Name} to {repository}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ChartException($"cannot push chart {package.Name} to {repository}: no answer in time", e);
        }
    }
}
