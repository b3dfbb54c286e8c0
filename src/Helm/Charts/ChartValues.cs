using Dpf.Helm.Templates;

namespace Dpf.Helm.Charts;

/// <summary>The values that a chart's templates see: the user's over the chart's, down through the subcharts.</summary>
internal static class ChartValues
{
    private const string Global = "global";

    /// <summary>Coalesces.</summary>
    /// <param name="chart">The chart, with only its enabled dependencies.</param>
    /// <param name="values">The user's values; a null deletes a default.</param>
    public static Dictionary<string, object?> Coalesce(Chart chart, Dictionary<string, object?> values)
    {
        var result = WithoutSubcharts(chart, values);
        foreach (var dependency in chart.Dependencies)
        {
            result[dependency.Metadata.Name] = Coalesce(dependency, Section(result, dependency.Metadata.Name));
        }

        return result;
    }

    /// <summary>The user's values over the chart's, without the subcharts' own; nulls for those are kept.</summary>
    public static Dictionary<string, object?> WithoutSubcharts(Chart chart, Dictionary<string, object?> values) => Merge(
        GoValue.Copy(chart.Values), values, dropNull: true, chart.Dependencies.Select(d => d.Metadata.Name).ToHashSet(StringComparer.Ordinal));

    /// <summary>What a chart gives a subchart to coalesce with: its section, with the globals over it.</summary>
    /// <param name="values">The chart's values without the subcharts' own.</param>
    /// <param name="name">The subchart, or its alias.</param>
    public static Dictionary<string, object?> Section(Dictionary<string, object?> values, string name)
    {
        var section = values.GetValueOrDefault(name) switch
        {
            null => new Dictionary<string, object?>(StringComparer.Ordinal),
            Dictionary<string, object?> map => new Dictionary<string, object?>(map, StringComparer.Ordinal),
            var other => throw new ChartException(
                $"type mismatch on {name}: values of a subchart are a map, not a {GoValue.TypeName(other)}"),
        };
        var own = section.GetValueOrDefault(Global) as Dictionary<string, object?> ?? [];
        section[Global] = Overlay(own, values.GetValueOrDefault(Global) as Dictionary<string, object?> ?? []);
        return section;
    }

    /// <summary>Values over others, maps merged; nulls are kept for who coalesces later.</summary>
    public static Dictionary<string, object?> Overlay(Dictionary<string, object?> under, Dictionary<string, object?> over) =>
        Merge(GoValue.Copy(under), over, dropNull: false, []);

    private static Dictionary<string, object?> Merge(
        Dictionary<string, object?> defaults, Dictionary<string, object?> values, bool dropNull, HashSet<string> sections)
    {
        foreach (var (key, value) in values)
        {
            var known = defaults.TryGetValue(key, out var current);
            if (value is null && dropNull && known)
            {
                defaults.Remove(key);
            }
            else if (value is Dictionary<string, object?> over && current is Dictionary<string, object?> under)
            {
                // A null for a subchart's default must live until the subchart sees it.
                defaults[key] = Merge(under, over, dropNull && !sections.Contains(key), []);
            }
            else
            {
                defaults[key] = GoValue.Copy(value);
            }
        }

        return defaults;
    }
}
