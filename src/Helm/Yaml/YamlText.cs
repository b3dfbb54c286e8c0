using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Yaml;

/// <summary>Writes YAML in the form of Helm's <c>toYaml</c>: block style, two spaces, sequences not indented, sorted keys.</summary>
internal static partial class YamlText
{
    /// <summary>The text of a value, without a newline at its end.</summary>
    public static string Write(object? value)
    {
        var text = new StringBuilder();
        switch (value)
        {
            case Dictionary<string, object?> { Count: > 0 } map:
                Map(text, map, 0, first: true);
                break;
            case List<object?> { Count: > 0 } list:
                List(text, list, 0, first: true);
                break;
            default:
                text.Append(Scalar(value, 0)).Append('\n');
                break;
        }

        return text.ToString()[..^1];
    }

    private static void Map(StringBuilder text, Dictionary<string, object?> map, int indent, bool first)
    {
        foreach (var (key, value) in map.OrderBy(p => p.Key, KeyOrder.Instance))
        {
            text.Append(' ', first ? 0 : indent).Append(Key(key)).Append(':');
            first = false;
            switch (value)
            {
                case Dictionary<string, object?> { Count: > 0 } child:
                    text.Append('\n');
                    Map(text, child, indent + 2, first: false);
                    break;
                case List<object?> { Count: > 0 } child:
                    text.Append('\n');
                    List(text, child, indent, first: false);
                    break;
                default:
                    text.Append(' ').Append(Scalar(value, indent)).Append('\n');
                    break;
            }
        }
    }

    private static void List(StringBuilder text, List<object?> list, int indent, bool first)
    {
        foreach (var value in list)
        {
            text.Append(' ', first ? 0 : indent).Append("- ");
            first = false;
            switch (value)
            {
                case Dictionary<string, object?> { Count: > 0 } child:
                    Map(text, child, indent + 2, first: true);
                    break;
                case List<object?> { Count: > 0 } child:
                    List(text, child, indent + 2, first: true);
                    break;
                default:
                    text.Append(Scalar(value, indent)).Append('\n');
                    break;
            }
        }
    }

    private static string Scalar(object? value, int indent) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => Number(number),
        int or long => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        byte[] bytes => Text(Convert.ToBase64String(bytes), indent),
        Dictionary<string, object?> => "{}",
        List<object?> => "[]",
        _ => Text(GoValue.Print(value), indent),
    };

    private static string Number(double number) =>
        number == Math.Floor(number) && Math.Abs(number) < 9.2e18
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : GoNumber.Format(number);

    private static string Key(string key) => key.Contains('\n', StringComparison.Ordinal) ? Double(key) : Text(key, 0);

    private static string Text(string text, int indent)
    {
        if (text.Contains('\n', StringComparison.Ordinal) && !text.Any(c => char.IsControl(c) && c != '\n') && !TrailingSpace().IsMatch(text))
        {
            return Block(text, indent);
        }

        if (text.Length == 0 || Resolves(text) || text.Any(char.IsControl))
        {
            return Double(text);
        }

        return NotPlain().IsMatch(text) ? "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'" : text;
    }

    private static string Block(string text, int indent)
    {
        var margin = new string(' ', indent + 2);
        var body = text.TrimEnd('\n');
        var newlines = text.Length - body.Length;
        var header = "|" + (text[0] is ' ' or '\n' ? "2" : "") + (newlines == 0 ? "-" : newlines > 1 || body.Length == 0 ? "+" : "");
        var lines = (newlines > 1 ? text[..^1] : body).Split('\n').Select(line => line.Length == 0 ? "" : margin + line);
        return header + "\n" + string.Join('\n', lines);
    }

    private static bool Resolves(string text) => YamlReader.Plain(text) is not string || Special().IsMatch(text);

    private static string Double(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                '\0' => "\\0",
                '\x1b' => "\\e",
                _ when char.IsControl(c) => $"\\x{(int)c:X2}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"[ \t](\n|$)")]
    private static partial Regex TrailingSpace();

    // Base 60, timestamps, infinities and numbers with a zero before them, which other readers resolve.
    [GeneratedRegex(@"^([-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?|\d{4}-\d\d?-\d\d?([Tt ].*)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|0[0-9]+)$")]
    private static partial Regex Special();

    [GeneratedRegex(@"^[#,\[\]{}&*!|>'""%@`]|^[-?:]( |$)|^(---|\.\.\.)|: |:$| #|^ | $")]
    private static partial Regex NotPlain();
}
