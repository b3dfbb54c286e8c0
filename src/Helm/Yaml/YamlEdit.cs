using System.Text.Encodings.Web;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dpf.Helm.Yaml;

/// <summary>Changes single values in a YAML text and leaves everything else, comments too, as it is.</summary>
public static class YamlEdit
{
    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Replaces scalars of mappings.</summary>
    /// <param name="yaml">One document.</param>
    /// <param name="source">What it is, for errors.</param>
    /// <param name="replacement">From a path, e.g. <c>controllerManager.image.tag</c>, to the new text; null leaves the value.</param>
    /// <exception cref="FormatException">It is no YAML.</exception>
    public static string Replace(string yaml, string source, Func<string, string?> replacement)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new FormatException($"{source}: line {e.Start.Line}: {e.Message}", e);
        }

        var text = yaml;
        var scalars = stream.Documents.Count == 0 ? [] : Scalars(stream.Documents[0].RootNode, "").ToList();
        foreach (var (path, node) in scalars.OrderByDescending(s => s.Node.Start.Index))
        {
            if (replacement(path) is { } value)
            {
                var (start, end) = ((int)node.Start.Index, (int)node.End.Index);
                text = text[..start] + (start == end ? " " : "") + JsonSerializer.Serialize(value, Quoting) + text[end..];
            }
        }

        return text;
    }

    private static IEnumerable<(string Path, YamlScalarNode Node)> Scalars(YamlNode node, string path) => node switch
    {
        YamlMappingNode map => map.Children.SelectMany(
            c => Scalars(c.Value, $"{path}{(path.Length == 0 ? "" : ".")}{((YamlScalarNode)c.Key).Value}")),
        YamlScalarNode scalar => [(path, scalar)],
        _ => [],
    };
}
