using System.Globalization;
using System.Text;

namespace Dpf.Helm.Templates;

/// <summary>Strings as Go writes and reads them.</summary>
internal static class GoText
{
    /// <summary>A double-quoted literal.</summary>
    public static string Quote(string text, bool asciiOnly = false)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"' or '\\':
                    quoted.Append('\\').Append((char)rune.Value);
                    break;
                case '\a':
                    quoted.Append("\\a");
                    break;
                case '\b':
                    quoted.Append("\\b");
                    break;
                case '\f':
                    quoted.Append("\\f");
                    break;
                case '\n':
                    quoted.Append("\\n");
                    break;
                case '\r':
                    quoted.Append("\\r");
                    break;
                case '\t':
                    quoted.Append("\\t");
                    break;
                case '\v':
                    quoted.Append("\\v");
                    break;
                case < ' ' or 0x7f:
                    quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
                    break;
                default:
                    if (IsPrintable(rune) && (!asciiOnly || rune.IsAscii))
                    {
                        quoted.Append(rune);
                    }
                    else
                    {
                        quoted.Append(rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
                    }

                    break;
            }
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A text for a script's literal, as <c>js</c> escapes it.</summary>
    public static string Script(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' or '\'' or '"' => escaped.Append('\\').Append(c),
                '<' or '>' or '&' or '=' or < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                > '~' when !char.IsSurrogate(c) && !IsPrintable(new Rune(c)) => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    /// <summary>Reads a double-quoted or back-quoted literal.</summary>
    public static bool TryUnquote(string literal, out string text)
    {
        text = "";
        if (literal.Length < 2 || literal[0] != literal[^1] || literal[0] is not ('"' or '`'))
        {
            return false;
        }

        var inner = literal.AsSpan(1, literal.Length - 2);
        if (literal[0] == '`')
        {
            text = inner.ToString().Replace("\r", "", StringComparison.Ordinal);
            return true;
        }

        var result = new StringBuilder(inner.Length);
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] != '\\')
            {
                result.Append(inner[i]);
                continue;
            }

            if (++i >= inner.Length || !Escape(inner, ref i, result))
            {
                return false;
            }
        }

        text = result.ToString();
        return true;
    }

    private static bool Escape(ReadOnlySpan<char> inner, ref int i, StringBuilder result)
    {
        var simple = "abfnrtv\\'\"".IndexOf(inner[i], StringComparison.Ordinal);
        if (simple >= 0)
        {
            result.Append("\a\b\f\n\r\t\v\\'\""[simple]);
            return true;
        }

        var (digits, radix, skip) = inner[i] switch
        {
            'x' => (2, 16, 1),
            'u' => (4, 16, 1),
            'U' => (8, 16, 1),
            >= '0' and <= '7' => (3, 8, 0),
            _ => (0, 0, 0),
        };
        if (digits == 0 || i + skip + digits > inner.Length)
        {
            return false;
        }

        try
        {
            var value = Convert.ToInt32(inner.Slice(i + skip, digits).ToString(), radix);
            result.Append(new Rune(value));
            i += skip + digits - 1;
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return false;
        }
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or
        UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) &&
        (rune.Value == ' ' || Rune.GetUnicodeCategory(rune) != UnicodeCategory.SpaceSeparator);
}
