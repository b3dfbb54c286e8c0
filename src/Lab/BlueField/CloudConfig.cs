using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Dpf.Lab.BlueField;

/// <summary>A file that cloud-init writes.</summary>
internal sealed record CloudFile(string Path, string Content, UnixFileMode Mode, bool Append);

/// <summary>The parts of a cloud-config document that a DPU's first boot needs: <c>write_files</c> and <c>runcmd</c>.</summary>
internal sealed record CloudConfig(IReadOnlyList<CloudFile> Files, IReadOnlyList<IReadOnlyList<string>> Commands)
{
    /// <summary>Reads the document.</summary>
    /// <exception cref="FormatException">It is no cloud-config.</exception>
    public static CloudConfig Parse(string text)
    {
        if (!text.StartsWith("#cloud-config", StringComparison.Ordinal))
        {
            throw new FormatException("user-data does not begin with #cloud-config");
        }

        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        return new CloudConfig(
            [.. List(root, "write_files").OfType<YamlMappingNode>().Select(File)],
            [.. List(root, "runcmd").Select(Command)]);
    }

    private static IEnumerable<YamlNode> List(YamlMappingNode map, string key) =>
        map.Children.TryGetValue(key, out var node) && node is YamlSequenceNode list ? list.Children : [];

    private static string? Text(YamlMappingNode map, string key) =>
        map.Children.TryGetValue(key, out var node) && node is YamlScalarNode scalar ? scalar.Value : null;

    private static CloudFile File(YamlMappingNode map)
    {
        var path = Text(map, "path") ?? throw new FormatException("write_files: an entry has no path");
        var mode = Text(map, "permissions") is { Length: > 0 } text
            ? (UnixFileMode)Convert.ToInt32(text.Trim('\'', '"'), 8)
            : (UnixFileMode)Convert.ToInt32("644", 8);
        return new CloudFile(path, Text(map, "content") ?? "", mode, string.Equals(Text(map, "append"), "true", StringComparison.OrdinalIgnoreCase));
    }

    private static IReadOnlyList<string> Command(YamlNode node) => node switch
    {
        YamlSequenceNode words => [.. words.Children.Select(w => ((YamlScalarNode)w).Value ?? "")],
        YamlScalarNode line => ["sh", "-c", line.Value ?? ""],
        _ => throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"runcmd: line {node.Start.Line} is no command")),
    };
}
