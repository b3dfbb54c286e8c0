using Dpf.Helm.Repositories;

namespace Dpf.Helm.Charts;

/// <summary>Which dependencies of a chart take part, by condition and tags, and under which name.</summary>
internal static class EnabledCharts
{
    /// <summary>A chart with only the dependencies that the values leave on, aliases applied, all the way down.</summary>
    /// <param name="chart">The chart.</param>
    /// <param name="values">What the chart is given: the user's values, or its section of those of the chart above.</param>
    public static Chart Select(Chart chart, Dictionary<string, object?> values) => Select(chart, values, []);

    private static Chart Select(Chart chart, Dictionary<string, object?> values, Dictionary<string, object?> tagsAbove)
    {
        var candidates = chart.Dependencies.SelectMany(c => Candidates(chart, c)).ToList();
        var all = With(chart, candidates.Select(c => c.Chart));

        // Conditions see what the chart's templates would if everything were on: a subchart may be off by its own default.
        var seen = ChartValues.Coalesce(all, values);
        var tags = ChartValues.Overlay(seen.GetValueOrDefault("tags") as Dictionary<string, object?> ?? [], tagsAbove);
        var given = ChartValues.WithoutSubcharts(all, values);
        return With(chart, candidates.Where(c => c.Entry is null || IsOn(c.Entry, seen, tags))
            .Select(c => Select(c.Chart, ChartValues.Section(given, c.Chart.Metadata.Name), tags)));
    }

    // Charts that are there and not listed always take part.
    private static IEnumerable<(Chart Chart, ChartDependency? Entry)> Candidates(Chart chart, Chart dependency)
    {
        var entries = chart.Metadata.Dependencies.Where(d => d.Name == dependency.Metadata.Name).ToList();
        return entries.Count == 0
            ? [(dependency, null)]
            : entries.Where(e => Fits(e, dependency)).Select(e => (e.Alias.Length > 0 ? dependency.As(e.Alias) : dependency, (ChartDependency?)e));
    }

    private static Chart With(Chart chart, IEnumerable<Chart> dependencies) => new()
    {
        Metadata = chart.Metadata,
        Values = chart.Values,
        Templates = chart.Templates,
        Files = chart.Files,
        Dependencies = [.. dependencies],
    };

    private static bool Fits(ChartDependency entry, Chart candidate) =>
        entry.Version.Length == 0 ||
        entry.Version == candidate.Metadata.Version ||
        (SemanticVersion.TryParse(candidate.Metadata.Version, out var version) && VersionConstraint.Parse(entry.Version).Allows(version));

    private static bool IsOn(ChartDependency entry, Dictionary<string, object?> values, Dictionary<string, object?> tags)
    {
        foreach (var path in entry.Condition.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Find(values, path) is bool on)
            {
                return on;
            }
        }

        var flags = entry.Tags.Select(t => tags.GetValueOrDefault(t)).OfType<bool>().ToList();
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
