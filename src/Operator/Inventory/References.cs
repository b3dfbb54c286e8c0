namespace Dpf.Operator.Inventory;

/// <summary>A container image.</summary>
/// <param name="Repository">Registry and path.</param>
/// <param name="Tag">The tag, or what follows the colon of a digest.</param>
public readonly record struct ImageReference(string Repository, string Tag)
{
    private const string UsualTag = "latest";

    /// <summary>
    /// Splits <c>registry:5000/path:tag</c> at the last colon unless a slash follows it, so that both parts with a colon between
    /// them name the image again; also that of <c>path@sha256:digest</c>. Without either it is the usual tag's.
    /// </summary>
    public static ImageReference Parse(string image)
    {
        var colon = image.LastIndexOf(':');
        return colon > image.LastIndexOf('/') ? new(image[..colon], image[(colon + 1)..]) : new(image, UsualTag);
    }
}

/// <summary>A Helm chart of a repository.</summary>
/// <param name="RepositoryUrl">The repository, <c>oci://…</c> or <c>https://…</c>.</param>
/// <param name="Chart">The chart's name.</param>
/// <param name="Version">Its version.</param>
public readonly record struct ChartReference(string RepositoryUrl, string Chart, string Version)
{
    /// <summary>Splits <c>repository/chart:version</c>.</summary>
    /// <exception cref="FormatException">It has no chart or no version.</exception>
    public static ChartReference Parse(string chart)
    {
        var slash = chart.LastIndexOf('/');
        var colon = chart.LastIndexOf(':');
        return slash > 0 && colon > slash + 1 && colon < chart.Length - 1
            ? new(chart[..slash], chart[(slash + 1)..colon], chart[(colon + 1)..])
            : throw new FormatException($"helm chart '{chart}': expected repository/chart:version, e.g. oci://registry.example/dpu-networking:v24.10.0");
    }
}
