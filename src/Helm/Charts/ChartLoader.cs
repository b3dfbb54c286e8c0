using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Charts;

/// <summary>Reads charts from folders and archives.</summary>
public static class ChartLoader
{
    private const long LargestArchive = 100L << 20;

    /// <summary>A chart's folder; dependencies with <c>file://</c> that are not in <c>charts/</c> are read from where they say.</summary>
    /// <exception cref="ChartException">It is no chart.</exception>
    public static Chart FromFolder(string folder)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            files[Path.GetRelativePath(folder, path).Replace('\\', '/')] = File.ReadAllBytes(path);
        }

        return Build(files, folder, dependency =>
            dependency.Repository.StartsWith("file://", StringComparison.Ordinal) &&
            Path.GetFullPath(Path.Combine(folder, dependency.Repository["file://".Length..])) is var other && Directory.Exists(other)
                ? FromFolder(other)
                : null);
    }

    /// <summary>A chart's archive (tar, gzip), with one folder at its top.</summary>
    /// <exception cref="ChartException">It is no chart.</exception>
    public static Chart FromArchive(Stream archive, string source) => FromArchive(archive, source, null);

    /// <summary>A chart in a folder of an archive (tar, gzip), e.g. of a project's sources.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="source">Where it comes from, for people.</param>
    /// <param name="folder">The chart's folder in it; null for the one at its top.</param>
    /// <exception cref="ChartException">There is no chart.</exception>
    public static Chart FromArchive(Stream archive, string source, string? folder)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            using var gzip = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
            using var tar = new TarReader(gzip, leaveOpen: true);
            long total = 0;
            while (tar.GetNextEntry(copyData: true) is { } entry)
            {
                var slash = folder is null ? entry.Name.IndexOf('/', StringComparison.Ordinal)
                    : entry.Name.StartsWith(folder + "/", StringComparison.Ordinal) ? folder.Length
                    : -1;
                if (entry.DataStream is null || slash < 0 || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    continue;
                }

                using var content = new MemoryStream();
                entry.DataStream.CopyTo(content);
                total += content.Length;
                if (total > LargestArchive)
                {
                    throw new ChartException($"{source}: the archive holds more than {LargestArchive >> 20} MiB");
                }

                files[entry.Name[(slash + 1)..]] = content.ToArray();
            }
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException)
        {
            throw new ChartException($"{source}: no chart archive: {e.Message}", e);
        }

        return Build(files, source, _ => null);
    }

    private static Chart Build(SortedDictionary<string, byte[]> files, string source, Func<ChartDependency, Chart?> elsewhere)
    {
        if (!files.Remove("Chart.yaml", out var chartYaml))
        {
            throw new ChartException($"{source}: Chart.yaml file is missing");
        }

        var metadata = ChartMetadata.Parse(Text(chartYaml), $"{source}/Chart.yaml");
        files.Remove("values.yaml", out var values);
        var templates = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var others = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var subcharts = new SortedDictionary<string, SortedDictionary<string, byte[]>>(StringComparer.Ordinal);
        var dependencies = new List<Chart>();
        foreach (var (path, content) in files)
        {
            var parts = path.Split('/', 3);
            if (parts[0] == "templates" && parts.Length > 1)
            {
                templates[path] = Text(content);
            }
            else if (parts[0] != "charts" || parts.Length < 2)
            {
                others[path] = content;
            }
            else if (parts.Length == 3 && parts[1][0] is not ('_' or '.'))
            {
                subcharts.TryAdd(parts[1], new(StringComparer.Ordinal));
                subcharts[parts[1]][parts[2]] = content;
            }
            else if (parts.Length == 2 && parts[1].EndsWith(".tgz", StringComparison.Ordinal))
            {
                dependencies.Add(FromArchive(new MemoryStream(content), $"{source}/{path}"));
            }
        }

        dependencies.AddRange(subcharts.Where(s => s.Value.ContainsKey("Chart.yaml"))
            .Select(s => Build(s.Value, $"{source}/charts/{s.Key}", _ => null)));
        foreach (var dependency in metadata.Dependencies.Where(d => !dependencies.Exists(c => c.Metadata.Name == d.Name)))
        {
            dependencies.Add(elsewhere(dependency) ?? throw new ChartException(
                $"{source}: found in Chart.yaml, but missing in charts/ directory: {dependency.Name}; run 'helm dependency build'"));
        }

        try
        {
            return new Chart
            {
                Metadata = metadata,
                Values = values is null ? new(StringComparer.Ordinal) : YamlReader.ReadMap(Text(values), $"{source}/values.yaml"),
                Templates = templates,
                Files = others,
                Dependencies = dependencies,
            };
        }
        catch (FormatException e)
        {
            throw new ChartException($"{source}/values.yaml: {e.Message}", e);
        }
    }

    private static string Text(byte[] content) =>
        Encoding.UTF8.GetString(content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? content.AsSpan(3) : content);
}
