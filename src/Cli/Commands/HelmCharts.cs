using System.Text.Json.Nodes;
using Dpf.Cli.Composition;
using Dpf.Guide.Commands;
using Dpf.Helm.Charts;
using Dpf.Helm.Releases;
using Dpf.Helm.Repositories;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Commands;

/// <summary>The guide's <c>helm</c> commands, carried out without the <c>helm</c> program.</summary>
internal sealed class HelmCharts(KubeClient client, IReadOnlyDictionary<string, string> variables, TimeProvider time) : IChartInstaller
{
    private readonly ReleaseSet _releases = new(new KubeReleaseTarget(client, time), time);

    public async Task UpgradeInstallAsync(
        string release, string ns, string chart, string? name, string? version, string valuesYaml, bool createNamespace,
        CancellationToken cancellation)
    {
        if (createNamespace)
        {
            await client.ApplyAsync(
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = ns, ["labels"] = new JsonObject { ["name"] = ns } },
                },
                "helm", cancellation);
        }

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        try
        {
            var fetcher = new ChartFetcher(http)
            {
                PlainHttp = (variables.GetValueOrDefault("DPF_PLAIN_HTTP_REGISTRIES") ?? "")
                    .Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal),
                Credentials = chart.StartsWith("oci://", StringComparison.Ordinal)
                    ? RegistryLogin.Find(RegistryLogin.Files(Environment.GetEnvironmentVariable), chart["oci://".Length..].Split('/')[0])
                    : null,
            };
            var loaded = Uri.TryCreate(chart, UriKind.Absolute, out var address) && address.Fragment.Length > 0
                ? await fetcher.FetchFolderAsync(address, cancellation)
                : await fetcher.FetchAsync(
                    name is null ? ChartReference.Parse(chart, version ?? "") : new ChartReference(chart, name, version ?? ""), cancellation);
            await _releases.UpgradeInstallAsync(release, ns, loaded, ValuesFile.Parse(valuesYaml, $"the values of {release}"), cancellation);
        }
        catch (Exception e) when (e is ChartException or Helm.Templates.TemplateException or FormatException)
        {
            throw new UserErrorException($"helm upgrade --install {release}: {e.Message}");
        }
    }

    public Task UninstallAsync(string release, string ns, CancellationToken cancellation) =>
        _releases.UninstallAsync(release, ns, cancellation);
}
