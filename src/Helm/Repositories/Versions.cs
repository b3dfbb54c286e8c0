namespace Dpf.Helm.Repositories;

/// <summary>Chooses among the versions of a chart.</summary>
internal static class Versions
{
    /// <summary>The one that is wanted: itself, the newest that meets a constraint, or the newest release; null for none.</summary>
    public static string? Choose(IEnumerable<string> versions, string wanted)
    {
        var known = versions.ToList();
        if (known.Contains(wanted))
        {
            return wanted;
        }

        VersionConstraint constraint;
        try
        {
            constraint = VersionConstraint.Parse(wanted.Length == 0 ? "*" : wanted);
        }
        catch (FormatException)
        {
            return null;
        }

        return known.Select(text => (Text: text, Parsed: SemanticVersion.TryParse(text, out var version) ? version : null))
            .Where(v => v.Parsed is not null && constraint.Allows(v.Parsed))
            .OrderByDescending(v => v.Parsed).Select(v => v.Text).FirstOrDefault();
    }
}
