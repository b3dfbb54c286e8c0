using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using YamlDotNet.RepresentationModel;

namespace Dpf.Helm.Repositories;

/// <summary>How a chart's folder is packed.</summary>
public sealed record PackOptions
{
    /// <summary>The version that it gets; its own when null.</summary>
    public string? Version { get; init; }

    /// <summary>The archives of charts that it needs and does not hold itself, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Dependencies { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Changes the text of a values.yaml: of the chart, or of a chart that it holds.</summary>
    public Func<string, string> Values { get; init; } = text => text;
}

/// <summary>One chart packed for an OCI registry: the archive, the configuration blob and the manifest that names both.</summary>
public sealed record ChartPackage
{
    /// <summary>The media type of the manifest.</summary>
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>The chart's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>The chart archive (tar, gzip).</summary>
    public required byte[] Archive { get; init; }

    /// <summary>Chart.yaml as JSON.</summary>
    public required byte[] Config { get; init; }

    /// <summary>The OCI manifest.</summary>
    public required byte[] Manifest { get; init; }

    /// <summary>The digest of a blob as registries write it.</summary>
    public static string DigestOf(byte[] blob) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));

    /// <summary>The charts that a chart's folder needs and does not hold.</summary>
    /// <exception cref="ChartException">The folder is no chart.</exception>
    public static IReadOnlyList<ChartDependency> MissingFrom(string folder) =>
    [
        .. ChartMetadata.Parse(File.ReadAllText(ChartFile(folder)), ChartFile(folder)).Dependencies
            .Where(d => !Directory.Exists(Path.Combine(folder, "charts", d.Name)) && !d.Repository.StartsWith("file://", StringComparison.Ordinal)),
    ];

    /// <summary>Packs a chart's folder, with its <c>file://</c> dependencies inside. The same content always gives the same bytes.</summary>
    /// <exception cref="ChartException">The folder is no chart.</exception>
    public static ChartPackage Pack(string folder, PackOptions options)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var prefix = Path.GetFileName(folder.TrimEnd('/'));
        var metadata = Collect(folder, prefix, options, files);
        foreach (var (name, content) in options.Dependencies)
        {
            files[$"{prefix}/charts/{name}.tgz"] = content;
        }

        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var (name, content) in files)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                });
            }
        }

        var archive = buffer.ToArray();
        var config = JsonSerializer.SerializeToUtf8Bytes(metadata);
        return new ChartPackage
        {
            Name = (string)metadata["name"]!,
            Version = (string)metadata["version"]!,
            Archive = archive,
            Config = config,
            Manifest = ManifestOf(archive, config, metadata),
        };
    }

    private static string ChartFile(string folder) => Path.Combine(folder, "Chart.yaml") is var file && File.Exists(file)
        ? file
        : throw new ChartException($"{folder}: Chart.yaml file is missing");

    private static byte[] ManifestOf(byte[] archive, byte[] config, JsonObject metadata) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["mediaType"] = ManifestType,
        ["config"] = Descriptor("application/vnd.cncf.helm.config.v1+json", config),
        ["layers"] = new JsonArray(Descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive)),
        ["annotations"] = new JsonObject
        {
            ["org.opencontainers.image.title"] = (string?)metadata["name"],
            ["org.opencontainers.image.version"] = (string?)metadata["version"],
        },
    });

    private static JsonObject Descriptor(string type, byte[] blob) => new()
    {
        ["mediaType"] = type,
        ["digest"] = DigestOf(blob),
        ["size"] = blob.Length,
    };

    private static JsonObject Collect(string folder, string prefix, PackOptions options, SortedDictionary<string, byte[]> files)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(ChartFile(folder))));
        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        if (options.Version is { } version)
        {
            root.Children[new YamlScalarNode("version")] = new YamlScalarNode(version) { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted };
        }

        var local = root.Children.TryGetValue(new YamlScalarNode("dependencies"), out var list) && list is YamlSequenceNode sequence
            ? sequence.OfType<YamlMappingNode>().ToList()
            : [];
        foreach (var dependency in local)
        {
            if (Text(dependency, "repository") is { } repository && repository.StartsWith("file://", StringComparison.Ordinal))
            {
                var source = Path.GetFullPath(Path.Combine(folder, repository["file://".Length..]));
                Collect(source, $"{prefix}/charts/{Text(dependency, "name")}", options with { Version = null }, files);
            }
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(folder, file);
            if (relative != "Chart.yaml" && !relative.Split('/').Any(part => part.StartsWith('.') && part != ".helmignore"))
            {
                files[$"{prefix}/{relative}"] = Path.GetFileName(relative) == "values.yaml"
                    ? Encoding.UTF8.GetBytes(options.Values(File.ReadAllText(file)))
                    : File.ReadAllBytes(file);
            }
        }

        var text = new StringWriter();
        stream.Save(text, assignAnchors: false);
        files[$"{prefix}/Chart.yaml"] = Encoding.UTF8.GetBytes(text.ToString().Replace("\n...\n", "\n", StringComparison.Ordinal));
        return (JsonObject)ToJson(root)!;
    }

    private static string? Text(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? (value as YamlScalarNode)?.Value : null;

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(
            p => KeyValuePair.Create(((YamlScalarNode)p.Key).Value!, ToJson(p.Value)))),
        YamlSequenceNode items => new JsonArray([.. items.Select(ToJson)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
        YamlScalarNode scalar => scalar.Value,
        _ => null,
    };
}
