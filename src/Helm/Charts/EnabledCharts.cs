using Dpf.Helm.Repositories;

namespace Dpf.Helm.Charts;

/// <summary>Which dependencies of a chart take part, by condition and tags, and under which name.</summary>
internal static class EnabledCharts
{
    /// <summary>A chart with only the dependencies that the values leave on, aliases applied, all the way down.</summary>
    /// <param name="chart">The chart.</param>
    /// <param name="values">The values at this chart: the user's over the chart's.</param>
    /// <param name="root">The values of the top chart, where tags are.</param>
    public static Chart Select(Chart chart, Dictionary<string, object?> values, Dictionary<string, object?>? root = null)
    {
        root ??= values;
        var kept = new List<Chart>();
        foreach (var candidate in chart.Dependencies)
        {
            var entries = chart.Metadata.Dependencies.Where(d => d.Name == candidate.Metadata.Name).ToList();
            if (entries.Count == 0)
            {
                kept.Add(candidate);
            }

            kept.AddRange(entries.Where(e => Fits(e, candidate) && IsOn(e, values, root))
                .Select(e => e.Alias.Length > 0 ? candidate.As(e.Alias) : candidate));
        }

        return new Chart
        {
            Metadata = chart.Metadata,
            Values = chart.Values,
            Templates = chart.Templates,
            Files = chart.Files,
            Dependencies =
            [
                .. kept.Select(c => Select(
                    c, ChartValues.Overlay(c.Values, values.GetValueOrDefault(c.Metadata.Name) as Dictionary<string, object?> ?? []), root)),
            ],
        };
    }

    private static bool Fits(ChartDependency entry, Chart candidate) =>
        entry.Version.Length == 0 ||
        entry.Version == candidate.Metadata.Version ||
        (SemanticVersion.TryParse(candidate.Metadata.Version, out var version) && VersionConstraint.Parse(entry.Version).Allows(version));

    private static bool IsOn(ChartDependency entry, Dictionary<string, object?> values, Dictionary<string, object?> root)
    {
        foreach (var path in entry.Condition.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Find(values, path) is bool on)
            {
                return on;
            }
        }

        var tags = root.GetValueOrDefault("tags") as Dictionary<string, object?>;
        var flags = entry.Tags.Select(t => tags?.GetValueOrDefault(t)).OfType<bool>().ToList();
        return flags.Count == 0 || flags.Contains(true);
    }

    private static object? Find(Dictionary<string, object?> values, string path)
    {
        object? value = values;
        foreach (var name in path.Split('.'))
        {
            value = (value as Dictionary<string, object?>)?.GetValueOrDefault(name);
        }

        return value;
    }
}
