using System.Text.RegularExpressions;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of regular expressions.</summary>
internal static class PatternFunctions
{
    public static FunctionList All { get; } = Both(new()
    {
        { "regexMatch", 2, a => Compile(a.Text(0)).IsMatch(a.Text(1)) },
        { "regexFind", 2, a => Compile(a.Text(0)).Match(a.Text(1)).Value },
        { "regexFindAll", 3, a => Compile(a.Text(0)).Matches(a.Text(1)).Take(a.Int(2) < 0 ? int.MaxValue : a.Int(2)).Select(m => (object?)m.Value).ToList() },
        { "regexReplaceAll", 3, a => Compile(a.Text(0)).Replace(a.Text(1), Replacement(a.Text(2))) },
        { "regexReplaceAllLiteral", 3, a => Compile(a.Text(0)).Replace(a.Text(1), a.Text(2).Replace("$", "$$", StringComparison.Ordinal)) },
        { "regexSplit", 3, a => Compile(a.Text(0)).Split(a.Text(1), a.Int(2) < 0 ? 0 : a.Int(2)).Select(s => (object?)s).ToList() },
        { "regexQuoteMeta", 1, a => Regex.Escape(a.Text(0)) },
    });

    private static FunctionList Both(FunctionList functions)
    {
        foreach (var (name, function) in functions.ToArray())
        {
            functions["mustR" + name[1..]] = function;
        }

        return functions;
    }

    // Charts' patterns run in linear time, as Go's do.
    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FunctionException($"error parsing regexp: {e.Message}");
        }
    }

    // Go takes $1x for a group named "1x"; .NET for group 1 and an x.
    private static string Replacement(string template) =>
        Regex.Replace(template, @"\$(\w+)", "${$1}", RegexOptions.None, TimeSpan.FromSeconds(1));
}
