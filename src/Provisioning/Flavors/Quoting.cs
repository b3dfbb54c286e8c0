using System.Text;
using System.Text.Json;

namespace Dpf.Provisioning.Flavors;

/// <summary>Puts any text into a shell script, a here document or a YAML document so that exactly this text comes out again.</summary>
internal static class Quoting
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One word of a POSIX shell.</summary>
    public static string ShellWord(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal))
            ? text
            : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>A here document whose body the shell takes literally: its terminator is no line of the body.</summary>
    /// <param name="command">What reads it, e.g. <c>cat &gt; file</c>.</param>
    /// <param name="body">Lines, the last one with its line end.</param>
    public static string HereDocument(string command, string body)
    {
        var lines = body.Split('\n').ToHashSet(StringComparer.Ordinal);
        var terminator = "EOF";
        while (lines.Contains(terminator))
        {
            terminator += "_";
        }

        return $"{command} <<'{terminator}'\n{body}{(body.EndsWith('\n') ? "" : "\n")}{terminator}\n";
    }

    /// <summary>A YAML scalar on one line, in double quotes (a JSON string is one).</summary>
    public static string YamlScalar(string text) => JsonSerializer.Serialize(text, Readable);

    /// <summary>
    /// A YAML scalar for after <c>key: </c>: a literal block, which people can read, if the text allows it.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="indent">How far the key's own lines are indented.</param>
    public static string YamlBlock(string text, int indent)
    {
        if (text.Length == 0 || text.Any(c => (char.IsControl(c) && c is not ('\n' or '\t')) || c is '\u2028' or '\u2029' or '\ufeff') ||
            text[0] is '\n' or ' ' or '\t' || string.IsNullOrWhiteSpace(text) || text.Any(char.IsSurrogate))
        {
            return YamlScalar(text);
        }

        var trailing = text.Length - text.TrimEnd('\n').Length;
        var block = new StringBuilder(trailing switch { 0 => "|-", 1 => "|", _ => "|+" });
        var margin = new string(' ', indent + 2);
        foreach (var line in (trailing > 0 ? text[..^1] : text).Split('\n'))
        {
            block.Append('\n').Append(line.Length == 0 ? "" : margin).Append(line);
        }

        return block.ToString();
    }
}
