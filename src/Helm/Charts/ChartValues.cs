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
        var defaults = GoValue.Copy(chart.Values);
        var result = Merge(defaults, values, dropNull: true, chart.Dependencies.Select(d => d.Metadata.Name).ToHashSet(StringComparer.Ordinal));
        foreach (var dependency in chart.Dependencies)
        {
            var name = dependency.Metadata.Name;
            var section = result.GetValueOrDefault(name) switch
            {
                null => new Dictionary<string, object?>(StringComparer.Ordinal),
                Dictionary<string, object?> map => map,
                var other => throw new ChartException(
                    $"type mismatch on {name}: values of a subchart are a map, not a {GoValue.TypeName(other)}"),
            };
            var own = section.GetValueOrDefault(Global) as Dictionary<string, object?> ?? [];
            section[Global] = Overlay(own, result.GetValueOrDefault(Global) as Dictionary<string, object?> ?? []);
            result[name] = Coalesce(dependency, section);
        }

        return result;
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
