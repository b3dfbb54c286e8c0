using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace Dpf.Helm.Yaml;

/// <summary>
/// Reads YAML as Helm does: YAML 1.1 by way of JSON, so that <c>yes</c> is a boolean, <c>0777</c> is 511 and every number is a
/// float64.
/// </summary>
internal static partial class YamlReader
{
    /// <summary>The value of the one document; null for an empty text.</summary>
    /// <exception cref="FormatException">It is no YAML; says where.</exception>
    public static object? Read(string yaml, string source, bool uniqueKeys = false) => ReadAll(yaml, source, uniqueKeys) is [var first, ..] ? first : null;

    /// <summary>The values of all documents.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">Where it is from.</param>
    /// <param name="uniqueKeys">Whether a key that is there twice is an error; else the last one counts.</param>
    /// <exception cref="FormatException">It is no YAML; says where.</exception>
    public static IReadOnlyList<object?> ReadAll(string yaml, string source, bool uniqueKeys = false)
    {
        try
        {
            return new YamlTree(new Parser(new StringReader(yaml)), uniqueKeys).ReadAll();
        }
        catch (YamlException e)
        {
            throw new FormatException(
                $"error converting YAML to JSON: yaml: line {e.Start.Line}: {source}: {e.Message}", e);
        }
    }

    /// <summary>A map of a text that must be one.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static Dictionary<string, object?> ReadMap(string yaml, string source, bool uniqueKeys = false) => Read(yaml, source, uniqueKeys) switch
    {
        null => new(StringComparer.Ordinal),
        Dictionary<string, object?> map => map,
        _ => throw new FormatException($"{source}: expected a mapping of names to values"),
    };

    /// <summary>The value of an unquoted scalar.</summary>
    internal static object? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" or "true" or "True" or "TRUE" => true,
        "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" or "false" or "False" or "FALSE" => false,
        _ => Number(text) ?? (object)text,
    };

    private static double? Number(string text)
    {
        var first = text[0];
        if (!char.IsAsciiDigit(first) && first is not ('-' or '+' or '.'))
        {
            return null;
        }

        if (WholePattern().IsMatch(text) && Templates.GoNumber.TryParseInteger(text, out var whole))
        {
            return whole;
        }

        return RealPattern().IsMatch(text) && double.TryParse(
            text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? real
            : null;
    }

    [GeneratedRegex("^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)$")]
    private static partial Regex WholePattern();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex RealPattern();
}
