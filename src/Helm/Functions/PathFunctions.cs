using System.Text.RegularExpressions;
using Dpf.Helm.Repositories;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of paths, addresses and versions.</summary>
internal static partial class PathFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "base", 1, a => Base(a.Text(0)) },
        { "dir", 1, a => Folder(a.Text(0)) },
        { "clean", 1, a => Clean(a.Text(0)) },
        { "ext", 1, a => Extension(a.Text(0)) },
        { "isAbs", 1, a => a.Text(0).StartsWith('/') },
        { "osBase", 1, a => Base(a.Text(0)) },
        { "osDir", 1, a => Folder(a.Text(0)) },
        { "osClean", 1, a => Clean(a.Text(0)) },
        { "osExt", 1, a => Extension(a.Text(0)) },
        { "osIsAbs", 1, a => a.Text(0).StartsWith('/') },
        { "getHostByName", 1, _ => "" },
        { "urlParse", 1, a => ParseUrl(a.Text(0)) },
        { "urlJoin", 1, a => JoinUrl(a.Map(0)) },
        { "semver", 1, a => Semver(a.Text(0)) },
        { "semverCompare", 2, a => VersionConstraint.Parse(a.Text(0)).Allows(Parse(a.Text(1))) },
    };

    private static string Base(string path) =>
        path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed[(trimmed.LastIndexOf('/') + 1)..] : path.Length > 0 ? "/" : ".";

    private static string Folder(string path) => Clean(path[..(path.LastIndexOf('/') + 1)]);

    private static string Extension(string path) =>
        path.LastIndexOf('.') is var dot && dot > path.LastIndexOf('/') && dot >= 0 ? path[dot..] : "";

    // The shortest path that means the same.
    private static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in path.Split('/').Where(p => p is not ("" or ".")))
        {
            if (part != ".." || (!rooted && (parts.Count == 0 || parts[^1] == "..")))
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return (rooted ? "/" : "") + string.Join('/', parts) is { Length: > 0 } cleaned ? cleaned : ".";
    }

    private static Dictionary<string, object?> ParseUrl(string text)
    {
        var url = Url().Match(text);
        var authority = url.Groups["authority"].Value;
        var at = authority.LastIndexOf('@');
        var host = authority[(at + 1)..];
        var opaque = url.Groups["scheme"].Length > 0 && !url.Groups["authority"].Success && !url.Groups["path"].Value.StartsWith('/');
        return new(StringComparer.Ordinal)
        {
            ["scheme"] = url.Groups["scheme"].Value,
            ["host"] = host,
            ["hostname"] = Port().Replace(host, "").Trim('[', ']'),
            ["path"] = opaque ? "" : Uri.UnescapeDataString(url.Groups["path"].Value),
            ["query"] = url.Groups["query"].Value,
            ["opaque"] = opaque ? url.Groups["path"].Value : "",
            ["fragment"] = Uri.UnescapeDataString(url.Groups["fragment"].Value),
            ["userinfo"] = at < 0 ? "" : authority[..at],
        };
    }

    private static string JoinUrl(Dictionary<string, object?> parts)
    {
        string Part(string name, string before = "", string after = "") =>
            parts.GetValueOrDefault(name) is { } value && GoValue.Print(value) is { Length: > 0 } text ? before + text + after : "";
        var authority = Part("userinfo", "", "@") + Part("host");
        var path = Part("path");
        var place = Part("opaque") is { Length: > 0 } opaque
            ? opaque
            : (authority.Length > 0 ? "//" + authority : "") + (authority.Length > 0 && path.Length > 0 && path[0] != '/' ? "/" : "") + path;
        return Part("scheme", "", ":") + place + Part("query", "?") + Part("fragment", "#");
    }

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

    [GeneratedRegex(@"^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?<authority>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$")]
    private static partial Regex Url();

    [GeneratedRegex(":[0-9]*$")]
    private static partial Regex Port();
}
