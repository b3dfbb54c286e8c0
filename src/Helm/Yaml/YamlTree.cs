using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dpf.Helm.Yaml;

/// <summary>
/// Builds values from a parser's events as Helm's YAML does: of a key that is there twice the last one counts, and a merge
/// (<c>&lt;&lt;</c>) puts what it brings where it stands.
/// </summary>
/// <param name="parser">The events.</param>
/// <param name="uniqueKeys">Whether a key that is there twice is an error.</param>
internal sealed class YamlTree(IParser parser, bool uniqueKeys)
{
    private const string MergeKey = "<<";
    private readonly Dictionary<AnchorName, object?> _anchors = [];

    /// <summary>The values of all documents.</summary>
    /// <exception cref="YamlException">It is no YAML, or none that has a value; says where.</exception>
    public IReadOnlyList<object?> ReadAll()
    {
        List<object?> documents = [];
        parser.Consume<StreamStart>();
        while (!parser.TryConsume<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            _anchors.Clear();
            documents.Add(Node());
            parser.Consume<DocumentEnd>();
        }

        return documents;
    }

    private object? Node()
    {
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            // What is changed at one place must not change at the others.
            return _anchors.TryGetValue(alias.Value, out var known)
                ? Copy(known)
                : throw new YamlException(alias.Start, alias.End, $"unknown anchor '{alias.Value}' referenced");
        }

        var start = parser.Current as NodeEvent ?? throw new YamlException("a document without a value");
        var value = start switch
        {
            MappingStart => Map(),
            SequenceStart => Sequence(),
            _ => Scalar(parser.Consume<Scalar>()),
        };
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor] = value;
        }

        return value;
    }

    private static object? Scalar(Scalar scalar) =>
        scalar is { Style: ScalarStyle.Plain or ScalarStyle.Any, Tag.IsEmpty: true } ? YamlReader.Plain(scalar.Value) : scalar.Value;

    private List<object?> Sequence()
    {
        parser.Consume<SequenceStart>();
        List<object?> list = [];
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            list.Add(Node());
        }

        return list;
    }

    private Dictionary<string, object?> Map()
    {
        parser.Consume<MappingStart>();
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        var written = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var at = parser.Current!;
            if (at is Scalar { Value: MergeKey, Style: ScalarStyle.Plain })
            {
                parser.MoveNext();
                Merge(map, Node(), at);
                continue;
            }

            var name = Key(Node(), at);
            if (!written.Add(name) && uniqueKeys)
            {
                throw new YamlException(at.Start, at.End, $"key \"{name}\" already set in map");
            }

            map[name] = Node();
        }

        return map;
    }

    private static string Key(object? key, ParsingEvent at) => key switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        _ => throw new YamlException(at.Start, at.End, "a key must be a text"),
    };

    // Of several the first wins.
    private static void Merge(Dictionary<string, object?> map, object? brought, ParsingEvent at)
    {
        foreach (var one in brought is List<object?> list ? Enumerable.Reverse(list) : [brought])
        {
            foreach (var (key, value) in one as Dictionary<string, object?> ??
                throw new YamlException(at.Start, at.End, "map merge requires map or sequence of maps as the value"))
            {
                map[key] = value;
            }
        }
    }

    private static object? Copy(object? value) => value switch
    {
        Dictionary<string, object?> map => map.ToDictionary(e => e.Key, e => Copy(e.Value), StringComparer.Ordinal),
        List<object?> list => list.Select(Copy).ToList(),
        _ => value,
    };
}
