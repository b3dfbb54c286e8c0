using System.Text.RegularExpressions;

namespace Dpf.Helm.Repositories;

/// <summary>A condition on versions, such as <c>&gt;=1.30.0-0</c>, <c>~1.2</c> or <c>1.x || ^2</c>.</summary>
public sealed partial class VersionConstraint
{
    private readonly IReadOnlyList<IReadOnlyList<Func<SemanticVersion, bool>>> _any;
    private readonly IReadOnlyList<bool> _prereleases;

    private VersionConstraint(IReadOnlyList<IReadOnlyList<Func<SemanticVersion, bool>>> any, IReadOnlyList<bool> prereleases)
    {
        _any = any;
        _prereleases = prereleases;
    }

    /// <summary>Reads a condition.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static VersionConstraint Parse(string text)
    {
        var any = new List<IReadOnlyList<Func<SemanticVersion, bool>>>();
        var prereleases = new List<bool>();
        foreach (var group in text.Split("||"))
        {
            var spread = Hyphen().Replace(group, ">=$1 <=$2");
            var matches = Term().Matches(spread);
            if (matches.Count == 0 || Term().Replace(spread, "").Trim(' ', ',').Length > 0)
            {
                throw new FormatException($"improper constraint: {text}");
            }

            any.Add([.. matches.Select(m => Condition(m.Groups[1].Value, m.Groups[2].Value))]);
            prereleases.Add(matches.Any(m => m.Groups[2].Value.Contains('-', StringComparison.Ordinal)));
        }

        return new VersionConstraint(any, prereleases);
    }

    /// <summary>Whether a version meets it.</summary>
    public bool Allows(SemanticVersion version) => _any.Where((group, i) =>
        (version.Prerelease.Length == 0 || _prereleases[i]) && group.All(condition => condition(version))).Any();

    private static Func<SemanticVersion, bool> Condition(string op, string text)
    {
        var core = text.TrimStart('v').Split('-', '+')[0];
        var parts = core.Split('.').TakeWhile(p => p is not ("x" or "X" or "*")).ToArray();
        var suffix = parts.Length == 3 && text.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash ? text[dash..] : "";
        if (parts.Length == 0)
        {
            return _ => true;
        }

        if (!SemanticVersion.TryParse(string.Join('.', parts) + suffix, out var low))
        {
            throw new FormatException($"improper constraint: {op}{text}");
        }

        var next = parts.Length switch
        {
            1 => new SemanticVersion(low.Major + 1, 0, 0, "", ""),
            2 => new SemanticVersion(low.Major, low.Minor + 1, 0, "", ""),
            _ => low,
        };
        var partial = parts.Length < 3;
        return op switch
        {
            "" or "=" when partial => v => v.CompareTo(low) >= 0 && v.CompareTo(next) < 0,
            "" or "=" => v => v.CompareTo(low) == 0,
            "!=" when partial => v => v.CompareTo(low) < 0 || v.CompareTo(next) >= 0,
            "!=" => v => v.CompareTo(low) != 0,
            ">" when partial => v => v.CompareTo(next) >= 0,
            ">" => v => v.CompareTo(low) > 0,
            "<" => v => v.CompareTo(low) < 0,
            ">=" or "=>" => v => v.CompareTo(low) >= 0,
            "<=" or "=<" when partial => v => v.CompareTo(next) < 0,
            "<=" or "=<" => v => v.CompareTo(low) <= 0,
            "~" or "~>" => v => v.CompareTo(low) >= 0 && v.Major == low.Major && (parts.Length == 1 || v.Minor == low.Minor),
            _ => v => v.CompareTo(low) >= 0 && v.Major == low.Major &&
                (low.Major > 0 || parts.Length == 1 || (v.Minor == low.Minor && (low.Minor > 0 || partial || v.Patch == low.Patch))),
        };
    }

    [GeneratedRegex(@"([^\s,]+)\s+-\s+([^\s,]+)")]
    private static partial Regex Hyphen();

    [GeneratedRegex(@"(=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*(v?[0-9xX*]+(?:\.[0-9xX*]+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")]
    private static partial Regex Term();
}
