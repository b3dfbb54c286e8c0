using Dpf.Helm.Repositories;
using Dpf.Helm.Yaml;
using ImageReference = Dpf.Operator.Inventory.ImageReference;

namespace Dpf.Cli.Composition;

/// <summary>Where a release of the product's charts goes, and which images they name.</summary>
/// <param name="Repository"><c>oci://host[:port]/path</c>.</param>
/// <param name="Image">The components' image (<c>deploy/image/Containerfile</c>), <c>repository:tag</c> or <c>repository@digest</c>.</param>
/// <param name="HostDriverImage">The image for hosts of a DPU (<c>deploy/image/hostdriver.Containerfile</c>), the same.</param>
/// <param name="Version">The version of the charts that the guide calls <c>$TAG</c>.</param>
internal sealed record ChartRelease(string Repository, string Image, string HostDriverImage, string Version);

/// <summary>The product's own charts, as they are published: with their images, and with the charts of other projects that they need.</summary>
internal static class PublishedCharts
{
    // The guide asks for these at the release's version, and for the services at their own.
    private static readonly string[] OfTheRelease = ["dpf-operator", "dpu-networking", "ovn-kubernetes-chart"];
    private static readonly string[] OfServices = ["doca-telemetry", "doca-blueman"];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => [.. OfTheRelease, .. OfServices];

    /// <summary>The charts of other projects that a chart needs.</summary>
    public static IReadOnlyList<ChartReference> DependenciesOf(string folder) =>
        [.. ChartPackage.MissingFrom(folder).Select(d => new ChartReference(d.Repository, d.Name, d.Version))];

    /// <summary>Packs one of the product's charts.</summary>
    /// <param name="folder">The chart's folder, named as it is.</param>
    /// <param name="release">The release.</param>
    /// <param name="dependencies">The archives of what it needs, by name.</param>
    public static ChartPackage Pack(string folder, ChartRelease release, IReadOnlyDictionary<string, byte[]> dependencies)
    {
        var image = ImageReference.Parse(release.Image);
        return ChartPackage.Pack(folder, new PackOptions
        {
            Version = OfTheRelease.Contains(Path.GetFileName(folder)) ? release.Version : null,
            Dependencies = dependencies,
            Values = text => YamlEdit.Replace(text, folder, path => Value(path, release, image)),
        });
    }

    // All components of all our charts are one program in one image.
    private static string? Value(string path, ChartRelease release, ImageReference image) => path switch
    {
        "controllerManager.hostdriverImage" => release.HostDriverImage,
        "controllerManager.dpuNetworkingChart" => $"{release.Repository}/dpu-networking:{release.Version}",
        _ when EndsWith(path, "image.repository") => image.Repository,
        _ when EndsWith(path, "image.tag") => image.Tag,
        _ => null,
    };

    private static bool EndsWith(string path, string end) => path == end || path.EndsWith("." + end, StringComparison.Ordinal);
}
