using System.Text.RegularExpressions;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of regular expressions.</summary>
internal static partial class PatternFunctions
{
    public static FunctionList All { get; } = Both(new()
    {
        { "regexMatch", 2, a => Compile(a.Text(0)).IsMatch(a.Text(1)) },
        { "regexFind", 2, a => Compile(a.Text(0)).Match(a.Text(1)).Value },
        { "regexFindAll", 3, a => Compile(a.Text(0)).Matches(a.Text(1)).Take(a.Int(2) < 0 ? int.MaxValue : a.Int(2)).Select(m => (object?)m.Value).ToList() },
        { "regexReplaceAll", 3, a => Compile(a.Text(0)).Replace(a.Text(1), m => Expand(a.Text(2), m)) },
        { "regexReplaceAllLiteral", 3, a => Compile(a.Text(0)).Replace(a.Text(1), _ => a.Text(2)) },
        { "regexSplit", 3, a => Compile(a.Text(0)).Split(a.Text(1), a.Int(2) < 0 ? 0 : a.Int(2)).Select(s => (object?)s).ToList() },
        { "regexQuoteMeta", 1, a => Special().Replace(a.Text(0), @"\$0") },
    });

    private static FunctionList Both(FunctionList functions)
    {
        foreach (var (name, function) in functions.ToArray())
        {
            functions["mustR" + name[1..]] = function;
        }

        // Only this one takes a pattern that does not parse for one that matches nothing.
        functions["regexMatch"] = new TemplateFunction(2, 2, a => TryCompile(a.Text(0), out var pattern, out _) && pattern.IsMatch(a.Text(1)));
        return functions;
    }

    private static Regex Compile(string pattern) => TryCompile(pattern, out var compiled, out var reason)
        ? compiled
        : throw new FunctionException($"error parsing regexp: {reason}");

    // Charts' patterns run in linear time, as Go's do. Go writes named groups with a P.
    private static bool TryCompile(string pattern, out Regex compiled, out string reason)
    {
        try
        {
            var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            (compiled, reason) = (new Regex(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal), options, TimeSpan.FromSeconds(1)), "");
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            (compiled, reason) = (null!, e.Message);
            return false;
        }
    }

    // $1x names the group "1x", not group 1 and an x; a group that is not there is empty.
    private static string Expand(string template, Match match) =>
        Reference().Replace(template, r => r.Value == "$$" ? "$" : match.Groups[r.Groups["name"].Value].Value);

    [GeneratedRegex(@"\$\$|\$(?<name>\w+)|\$\{(?<name>\w+)\}")]
    private static partial Regex Reference();

    [GeneratedRegex(@"[\\.+*?()|\[\]{}^$]")]
    private static partial Regex Special();
}
