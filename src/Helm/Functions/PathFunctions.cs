using Dpf.Helm.Repositories;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of paths, addresses and versions.</summary>
internal static class PathFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "base", 1, a => a.Text(0).TrimEnd('/') is { Length: > 0 } path ? path[(path.LastIndexOf('/') + 1)..] : a.Text(0).Length > 0 ? "/" : "." },
        { "dir", 1, a => a.Text(0).LastIndexOf('/') is > 0 and var at ? a.Text(0)[..at] : a.Text(0).StartsWith('/') ? "/" : "." },
        { "ext", 1, a => Path.GetExtension(a.Text(0)) },
        { "isAbs", 1, a => a.Text(0).StartsWith('/') },
        { "getHostByName", 1, _ => "" },
        { "semver", 1, a => Semver(a.Text(0)) },
        { "semverCompare", 2, a => VersionConstraint.Parse(a.Text(0)).Allows(Parse(a.Text(1))) },
    };

    private static SemanticVersion Parse(string text) =>
        SemanticVersion.TryParse(text, out var version) ? version : throw new FunctionException("Invalid Semantic Version");

    private static Dictionary<string, object?> Semver(string text)
    {
        var version = Parse(text);
        return new(StringComparer.Ordinal)
        {
            ["Major"] = version.Major, ["Minor"] = version.Minor, ["Patch"] = version.Patch, ["Prerelease"] = version.Prerelease,
            ["Metadata"] = version.Metadata, ["Original"] = text,
        };
    }
}
