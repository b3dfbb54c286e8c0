using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;
using Dpf.Helm.Templates;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Rendering;

/// <summary>Turns a chart and values into objects.</summary>
public static class ChartRenderer
{
    /// <summary>Renders.</summary>
    /// <param name="chart">The chart.</param>
    /// <param name="release">The release's name, namespace and revision.</param>
    /// <param name="values">Values over the chart's own.</param>
    /// <param name="capabilities">The cluster's.</param>
    /// <param name="lookup">
    /// Objects of the cluster by API version, kind, namespace and name, or the List of a kind without a name; null for none.
    /// </param>
    /// <param name="time">The clock of templates.</param>
    /// <exception cref="ChartException">The chart does not fit the cluster, or a template's output is no object.</exception>
    /// <exception cref="TemplateException">A template failed; says where.</exception>
    public static RenderedChart Render(
        Chart chart, ReleaseFacts release, JsonObject values, Capabilities capabilities,
        Func<string, string, string, string, JsonNode?>? lookup = null, TimeProvider? time = null)
    {
        var (enabled, texts) = Texts(chart, release, values, capabilities, lookup, time);
        return RenderedChart.Read(enabled, texts);
    }

    /// <summary>What the templates write, and the chart with those subcharts that the values leave on.</summary>
    internal static (Chart Enabled, IReadOnlyList<(string Path, string Text)> Texts) Texts(
        Chart chart, ReleaseFacts release, JsonObject values, Capabilities capabilities,
        Func<string, string, string, string, JsonNode?>? lookup = null, TimeProvider? time = null)
    {
        if (chart.Metadata.IsLibrary)
        {
            throw new ChartException($"{chart.Metadata.Name}: library charts are not installable");
        }

        CheckKubernetes(chart, capabilities);
        var given = JsonText.FromObject(values);
        var enabled = EnabledCharts.Select(chart, given);
        var coalesced = ChartValues.Coalesce(enabled, given);
        var host = new TemplateHost(
            (apiVersion, kind, ns, name) => JsonText.FromLive(lookup?.Invoke(apiVersion, kind, ns, name)) ?? new Dictionary<string, object?>(),
            time ?? TimeProvider.System);

        var templates = new List<(string Path, string Text, Dictionary<string, object?> Data, bool IsLibrary)>();
        Collect(enabled, enabled.Metadata.Name, coalesced, release.ToTemplate(), capabilities.ToTemplate(), isRoot: true, templates);
        templates.Sort((a, b) => (b.Path.Count('/'), b.Path).CompareTo((a.Path.Count('/'), a.Path)) is var order and not 0
            ? order : string.CompareOrdinal(b.Path, a.Path));
        var set = new TemplateSet();
        foreach (var (path, text, _, _) in templates)
        {
            set.Add(path, text);
        }

        var rendered = new List<(string Path, string Text)>();
        foreach (var (path, _, data, isLibrary) in templates)
        {
            var file = path[(path.LastIndexOf('/') + 1)..];
            if (file.StartsWith('_') || isLibrary)
            {
                continue;
            }

            var here = new Dictionary<string, object?>(data, StringComparer.Ordinal)
            {
                ["Template"] = new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["Name"] = path,
                    ["BasePath"] = path[..(path.IndexOf("/templates/", StringComparison.Ordinal) + "/templates".Length)],
                },
            };
            rendered.Add((path, set.Execute(path, here, host)));
        }

        return (enabled, rendered);
    }

    /// <summary>The objects of <c>crds/</c> of a chart and of those subcharts that the values leave on.</summary>
    /// <exception cref="ChartException">A file holds something else.</exception>
    public static IReadOnlyList<JsonObject> Crds(Chart chart, JsonObject values) =>
        [.. RenderedChart.CrdsOf(EnabledCharts.Select(chart, JsonText.FromObject(values)))];

    private static void CheckKubernetes(Chart chart, Capabilities capabilities)
    {
        if (chart.Metadata.KubeVersion is { Length: > 0 } constraint &&
            SemanticVersion.TryParse(capabilities.KubeVersion, out var version) && !VersionConstraint.Parse(constraint).Allows(version))
        {
            throw new ChartException(
                $"{chart.Metadata.Name}: chart requires kubeVersion: {constraint} which is incompatible with Kubernetes {capabilities.KubeVersion}");
        }
    }

    private static Dictionary<string, object?> Collect(
        Chart chart, string path, Dictionary<string, object?> values, Dictionary<string, object?> release, object capabilities, bool isRoot,
        List<(string, string, Dictionary<string, object?>, bool)> templates)
    {
        var subcharts = new Dictionary<string, object?>(StringComparer.Ordinal);
        var data = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["Chart"] = Describe(chart.Metadata, isRoot),
            ["Files"] = new ChartFiles(chart.Files),
            ["Release"] = release,
            ["Capabilities"] = capabilities,
            ["Values"] = values,
            ["Subcharts"] = subcharts,
        };
        foreach (var dependency in chart.Dependencies)
        {
            var name = dependency.Metadata.Name;
            subcharts[name] = Collect(
                dependency, $"{path}/charts/{name}", (Dictionary<string, object?>)values[name]!, release, capabilities, false, templates);
        }

        foreach (var (name, text) in chart.Templates)
        {
            templates.Add(($"{path}/{name}", text, data, chart.Metadata.IsLibrary));
        }

        return data;
    }

    private static Dictionary<string, object?> Describe(ChartMetadata metadata, bool isRoot)
    {
        var described = new Dictionary<string, object?>(StringComparer.Ordinal) { ["IsRoot"] = isRoot };
        foreach (var (key, value) in metadata.Raw)
        {
            described[key == "apiVersion" ? "APIVersion" : char.ToUpperInvariant(key[0]) + key[1..]] = value;
        }

        described["Name"] = metadata.Name;
        described["Version"] = metadata.Version;
        described["AppVersion"] = metadata.AppVersion;
        return described;
    }
}
