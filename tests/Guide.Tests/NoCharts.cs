using Dpf.Guide.Commands;

namespace Dpf.Guide.Tests;

/// <summary>Notes what would be installed.</summary>
internal sealed class NoCharts : IChartInstaller
{
    public List<string> Calls { get; } = [];

    /// <summary>What the next installations end with.</summary>
    public Queue<Exception> Failures { get; } = new();

    public Task UpgradeInstallAsync(
        string release, string ns, string chart, string? name, string? version, string valuesYaml, bool createNamespace,
        CancellationToken cancellation)
    {
        Calls.Add($"install {release} in {ns}{(createNamespace ? " (new)" : "")} from {chart}{(name is null ? "" : " " + name)} {version}: {valuesYaml.Trim()}");
        return Failures.TryDequeue(out var failure) ? throw failure : Task.CompletedTask;
    }

    public Task UninstallAsync(string release, string ns, CancellationToken cancellation)
    {
        Calls.Add($"uninstall {release} of {ns}");
        return Task.CompletedTask;
    }
}
