using System.Collections.Concurrent;
using System.Globalization;

namespace Dpf.ApiServer.BuiltIn;

/// <summary>A field of a built-in message.</summary>
/// <param name="Number">Its protobuf number.</param>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Type">Its type, e.g. <c>string</c> or <c>core/v1.PodSpec</c>; of a map that of its values.</param>
internal sealed record BuiltInField(int Number, string Name, string Type)
{
    public bool IsList { get; init; }

    public bool IsMap { get; init; }

    /// <summary>Whether its fields stand in the parent in JSON.</summary>
    public bool IsInline { get; init; }

    public string? ListType { get; init; }

    public IReadOnlyList<string> ListKeys { get; init; } = [];

    public bool IsAtomicMap { get; init; }

    public string? PatchStrategy { get; init; }

    public string? PatchMergeKey { get; init; }

    public string? Default { get; init; }
}

/// <summary>The fields of the built-in kinds, read from the embedded table when first asked for.</summary>
internal static class FieldTable
{
    private static readonly Lazy<Dictionary<string, string>> Lines = new(Load);
    private static readonly ConcurrentDictionary<string, IReadOnlyList<BuiltInField>?> Parsed = new(StringComparer.Ordinal);

    /// <summary>The fields of a message such as <c>core/v1.Pod</c>; null when it is none.</summary>
    public static IReadOnlyList<BuiltInField>? Of(string type) => Parsed.GetOrAdd(
        type, static t => Lines.Value.TryGetValue(t, out var line) ? Parse(line, t[..t.LastIndexOf('.')]) : null);

    private static Dictionary<string, string> Load()
    {
        using var stream = typeof(FieldTable).Assembly.GetManifestResourceStream("fields.txt")!;
        using var reader = new StreamReader(stream);
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        var package = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
            {
                package = line[1..^1];
            }
            else if (line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var at)
            {
                lines[$"{package}.{line[..at]}"] = line[(at + 1)..];
            }
        }

        return lines;
    }

    private static List<BuiltInField> Parse(string line, string package)
    {
        var fields = new List<BuiltInField>();
        foreach (var word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = word.Split(':', 4);
            var type = parts[2];
            var isList = type.StartsWith("[]", StringComparison.Ordinal);
            var isMap = type.StartsWith("map[string]", StringComparison.Ordinal);
            var element = isList ? type[2..] : isMap ? type["map[string]".Length..] : type;
            var marks = parts.Length == 4 ? parts[3].Split(',') : [];
            string? Mark(char key) => marks.FirstOrDefault(m => m.Length > 0 && m[0] == key) is { } mark ? mark[1..] : null;
            fields.Add(new BuiltInField(int.Parse(parts[0], CultureInfo.InvariantCulture), Mark('n') ?? parts[1], Qualify(element, package))
            {
                IsList = isList,
                IsMap = isMap,
                IsInline = marks.Contains("i"),
                ListType = Mark('l'),
                ListKeys = [.. marks.Where(m => m.StartsWith('k')).Select(m => m[1..])],
                IsAtomicMap = marks.Contains("a"),
                PatchStrategy = Mark('p')?.Replace('+', ','),
                PatchMergeKey = Mark('m'),
                Default = Mark('d'),
            });
        }

        return fields;
    }

    /// <summary>Names of other packages are written in short.</summary>
    private static string Qualify(string type, string package)
    {
        var dot = type.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return char.IsUpper(type[0]) ? $"{package}.{type}" : type;
        }

        return type[..dot] switch
        {
            "meta" => "meta/v1." + type[(dot + 1)..],
            "core" => "core/v1." + type[(dot + 1)..],
            _ => type,
        };
    }
}
