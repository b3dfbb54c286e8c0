namespace Dpf.Guide.Commands;

/// <summary>What the guide's <c>helm</c> commands ask for.</summary>
public interface IChartInstaller
{
    /// <summary>Installs a chart, or upgrades the release of that name.</summary>
    /// <param name="release">The release's name.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="chart">
    /// An OCI reference of a chart, or <c>https://repository/…</c> with <paramref name="name"/>, or an archive's address with the chart's
    /// folder in it as fragment, or a folder.
    /// </param>
    /// <param name="name">The chart's name in an HTTP repository; null when <paramref name="chart"/> says it all.</param>
    /// <param name="version">The version; null for the newest.</param>
    /// <param name="valuesYaml">Values, YAML.</param>
    /// <param name="createNamespace">Whether to create the namespace.</param>
    /// <param name="cancellation">Cancels.</param>
    Task UpgradeInstallAsync(
        string release, string ns, string chart, string? name, string? version, string valuesYaml, bool createNamespace,
        CancellationToken cancellation);

    /// <summary>Deletes a release and waits until its objects are gone; nothing to do when it is not installed.</summary>
    Task UninstallAsync(string release, string ns, CancellationToken cancellation);
}
