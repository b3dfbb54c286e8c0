using Dpf.Helm.Charts;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Repositories;

/// <summary>The index.yaml of an HTTP repository.</summary>
internal sealed class RepositoryIndex
{
    private readonly Dictionary<string, object?> _entries;
    private readonly string _source;

    private RepositoryIndex(Dictionary<string, object?> entries, string source)
    {
        _entries = entries;
        _source = source;
    }

    /// <summary>Reads an index.</summary>
    /// <exception cref="ChartException">It is none.</exception>
    public static RepositoryIndex Parse(string yaml, string source)
    {
        try
        {
            return YamlReader.ReadMap(yaml, source, uniqueKeys: true).GetValueOrDefault("entries") is Dictionary<string, object?> entries
                ? new RepositoryIndex(entries, source)
                : throw new ChartException($"{source}index.yaml has no entries");
        }
        catch (FormatException e)
        {
            throw new ChartException($"{source}index.yaml: {e.Message}", e);
        }
    }

    /// <summary>The address of a chart's archive, perhaps relative to the repository.</summary>
    /// <exception cref="ChartException">There is no such chart or version.</exception>
    public string Find(string chart, string version)
    {
        var known = (_entries.GetValueOrDefault(chart) as List<object?> ?? []).OfType<Dictionary<string, object?>>()
            .Select(e => (Version: e.GetValueOrDefault("version") is { } v ? ChartMetadata.Print(v) : "", Urls: e.GetValueOrDefault("urls") as List<object?>))
            .ToList();
        if (known.Count == 0)
        {
            throw new ChartException($"chart \"{chart}\" not found in {_source}");
        }

        var chosen = Versions.Choose(known.Select(k => k.Version), version)
            ?? throw new ChartException($"chart \"{chart}\" matching {version} not found in {_source}; it has {string.Join(", ", known.Select(k => k.Version))}");
        return known.First(k => k.Version == chosen).Urls?.OfType<string>().FirstOrDefault()
            ?? throw new ChartException($"chart \"{chart}\" {chosen} in {_source} has no address");
    }
}
