using System.Globalization;
using System.Text;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Yaml;

/// <summary>Writes JSON byte for byte as Go's encoding/json does: keys sorted, its own escapes, its own numbers.</summary>
internal static class GoJson
{
    /// <summary>The JSON of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="escapeHtml">Whether <c>&lt;</c>, <c>&gt;</c> and <c>&amp;</c> are escaped.</param>
    /// <param name="indented">Whether it is laid out over lines, two spaces a level.</param>
    public static string Write(object? value, bool escapeHtml, bool indented = false)
    {
        var text = new StringBuilder();
        Append(text, value, escapeHtml, indented ? "\n" : null);
        return text.ToString();
    }

    private static void Append(StringBuilder text, object? value, bool html, string? line)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case int or long:
                text.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                text.Append(GoNumber.Format(number, -6, 21, 1));
                break;
            case List<object?> list:
                Sequence(text, '[', ']', list, line, (item, inner) => Append(text, item, html, inner));
                break;
            case Dictionary<string, object?> map:
                Sequence(text, '{', '}', GoValue.Sorted(map), line, (pair, inner) =>
                {
                    Quote(text, pair.Key, html);
                    text.Append(inner is null ? ":" : ": ");
                    Append(text, pair.Value, html, inner);
                });
                break;
            case byte[] bytes:
                Quote(text, Convert.ToBase64String(bytes), html);
                break;
            default:
                Quote(text, GoValue.Print(value), html);
                break;
        }
    }

    private static void Sequence<T>(StringBuilder text, char open, char close, IEnumerable<T> items, string? line, Action<T, string?> append)
    {
        var inner = line is null ? null : line + "  ";
        var any = false;
        text.Append(open);
        foreach (var item in items)
        {
            text.Append(any ? "," : "").Append(inner);
            append(item, inner);
            any = true;
        }

        text.Append(any ? line : "").Append(close);
    }

    private static void Quote(StringBuilder text, string value, bool html)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' or '\u2028' or '\u2029' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                '<' or '>' or '&' when html => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
