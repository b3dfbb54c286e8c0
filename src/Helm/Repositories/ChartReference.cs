using Dpf.Helm.Charts;

namespace Dpf.Helm.Repositories;

/// <summary>Where a chart is.</summary>
/// <param name="Repository"><c>oci://host[:port]/path</c> without the chart's name, <c>http(s)://…</c>, or a folder of charts.</param>
/// <param name="Chart">The chart's name.</param>
/// <param name="Version">A version, a constraint, or empty for the newest.</param>
public sealed record ChartReference(string Repository, string Chart, string Version)
{
    /// <summary>Reads <c>oci://host/path/chart[:tag]</c>, or an archive's or a folder's path, as <c>helm install</c> takes them.</summary>
    /// <exception cref="ChartException">The reference names no chart.</exception>
    public static ChartReference Parse(string reference, string version = "")
    {
        var path = reference.TrimEnd('/');
        var slash = path.LastIndexOf('/');
        if (slash <= "oci:/".Length && path.StartsWith("oci://", StringComparison.Ordinal))
        {
            throw new ChartException($"'{reference}' names no chart: expected oci://HOST/PATH/CHART");
        }

        var name = path[(slash + 1)..];
        var colon = path.StartsWith("oci://", StringComparison.Ordinal) ? name.IndexOf(':', StringComparison.Ordinal) : -1;
        return new ChartReference(
            slash < 0 ? "." : path[..slash],
            colon < 0 ? name : name[..colon],
            colon < 0 || version.Length > 0 ? version : name[(colon + 1)..]);
    }
}
