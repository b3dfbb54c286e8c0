using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Dpf.Lab.Repository;

/// <summary>One chart packed for an OCI registry: the archive, the configuration blob and the manifest that names both.</summary>
public sealed record ChartPackage
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>The media type of the manifest.</summary>
    public static string MediaType => ManifestType;

    /// <summary>The chart archive (tar, gzip).</summary>
    public required byte[] Archive { get; init; }

    /// <summary>Chart.yaml as JSON.</summary>
    public required byte[] Config { get; init; }

    /// <summary>The OCI manifest.</summary>
    public required byte[] Manifest { get; init; }

    /// <summary>The digest of a blob as registries write it.</summary>
    public static string DigestOf(byte[] blob) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));

    /// <summary>
    /// Packs a chart folder as <paramref name="version"/>, with its <c>file://</c> dependencies inside. The same content always
    /// gives the same bytes.
    /// </summary>
    /// <exception cref="FileNotFoundException">The folder is no chart.</exception>
    public static ChartPackage Pack(string folder, string version)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var metadata = Collect(folder, Path.GetFileName(folder.TrimEnd('/')), version, files);
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
        return new ChartPackage { Archive = archive, Config = config, Manifest = ManifestOf(archive, config, metadata) };
    }

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

    private static JsonObject Collect(string folder, string prefix, string? version, SortedDictionary<string, byte[]> files)
    {
        var chartFile = Path.Combine(folder, "Chart.yaml");
        if (!File.Exists(chartFile))
        {
            throw new FileNotFoundException($"{folder}: no Chart.yaml; a chart folder has one", chartFile);
        }

        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(chartFile)));
        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        if (version is not null)
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
                Collect(source, $"{prefix}/charts/{Text(dependency, "name")}", null, files);
            }
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(folder, file);
            if (relative != "Chart.yaml" && !relative.Split('/').Any(part => part.StartsWith('.') && part != ".helmignore"))
            {
                files[$"{prefix}/{relative}"] = File.ReadAllBytes(file);
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
