using System.Text;
using System.Text.RegularExpressions;
using Dpf.Helm.Templates;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Rendering;

/// <summary><c>.Files</c>: a chart's files that are neither templates nor values.</summary>
internal sealed class ChartFiles(IEnumerable<KeyValuePair<string, byte[]>> files) : IMembers
{
    private readonly SortedDictionary<string, byte[]> _files = new(files.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The files, sorted by path.</summary>
    public IReadOnlyDictionary<string, byte[]> Entries => _files;

    public string TypeName => "engine.files";

    public object? Get(string name, IReadOnlyList<object?> arguments) => (name, arguments) switch
    {
        ("Get", [string path]) => _files.TryGetValue(path, out var content) ? Encoding.UTF8.GetString(content) : "",
        ("GetBytes", [string path]) => _files.GetValueOrDefault(path) ?? [],
        ("Lines", [string path]) => Lines(path),
        ("Glob", [string pattern]) => new ChartFiles(_files.Where(f => Pattern(pattern).IsMatch(f.Key))),
        ("AsConfig", []) => YamlText.Write(Flat(Encoding.UTF8.GetString)),
        ("AsSecrets", []) => YamlText.Write(Flat(Convert.ToBase64String)),
        _ => throw new FunctionException($"can't evaluate field {name} in type engine.files"),
    };

    private List<object?> Lines(string path)
    {
        if (!_files.TryGetValue(path, out var content))
        {
            return [];
        }

        var text = Encoding.UTF8.GetString(content);
        return [.. (text.EndsWith('\n') ? text[..^1] : text).Split('\n')];
    }

    private Dictionary<string, object?> Flat(Func<byte[], string> convert) =>
        _files.ToDictionary(f => f.Key[(f.Key.LastIndexOf('/') + 1)..], f => (object?)convert(f.Value), StringComparer.Ordinal);

    private static Regex Pattern(string glob)
    {
        var pattern = Regex.Escape(glob).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal)
            .Replace(@"\?", "[^/]", StringComparison.Ordinal).Replace(@"\[", "[", StringComparison.Ordinal);
        pattern = Regex.Replace(pattern, @"\\\{([^}]*)\}", m => "(" + m.Groups[1].Value.Replace(',', '|') + ")", RegexOptions.None, TimeSpan.FromSeconds(1));
        return new Regex($"^{pattern}$", RegexOptions.NonBacktracking);
    }
}
