using System.Globalization;
using System.Text;

namespace Dpf.Helm.Templates;

/// <summary>Go's <c>fmt.Sprintf</c> for the verbs that charts use.</summary>
internal static class GoPrintf
{
    /// <summary>Formats.</summary>
    public static string Format(string format, IReadOnlyList<object?> arguments)
    {
        var text = new StringBuilder();
        var (next, reordered) = (0, false);
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            var start = ++i;
            while (i < format.Length && "+-# 0".Contains(format[i], StringComparison.Ordinal))
            {
                i++;
            }

            var flags = format[start..i];
            var width = Number(format, ref i, arguments, ref next);
            int? precision = null;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = Number(format, ref i, arguments, ref next) ?? 0;
            }

            if (i < format.Length && format[i] == '[' && format.IndexOf(']', i) is var close and > 0 &&
                int.TryParse(format.AsSpan(i + 1, close - i - 1), CultureInfo.InvariantCulture, out var index))
            {
                (next, reordered) = (index - 1, true);
                i = close + 1;
            }

            if (i >= format.Length)
            {
                text.Append("%!(NOVERB)");
                break;
            }

            var verb = format[i];
            if (verb == '%')
            {
                text.Append('%');
            }
            else if (next < 0 || next >= arguments.Count)
            {
                text.Append("%!").Append(verb).Append("(MISSING)");
            }
            else
            {
                text.Append(Pad(One(verb, flags, precision, arguments[next++]), flags, width, arguments[next - 1]));
            }
        }

        if (!reordered && next < arguments.Count)
        {
            text.Append("%!(EXTRA ")
                .AppendJoin(", ", arguments.Skip(next).Select(a => a is null ? "<nil>" : $"{GoValue.TypeName(a)}={GoValue.Print(a)}"))
                .Append(')');
        }

        return text.ToString();
    }

    private static int? Number(string format, ref int i, IReadOnlyList<object?> arguments, ref int next)
    {
        if (i < format.Length && format[i] == '*')
        {
            i++;
            return next < arguments.Count && arguments[next++] is int n ? n : null;
        }

        var start = i;
        while (i < format.Length && char.IsAsciiDigit(format[i]))
        {
            i++;
        }

        return i == start ? null : int.Parse(format.AsSpan(start, i - start), CultureInfo.InvariantCulture);
    }

    private static string One(char verb, string flags, int? precision, object? value)
    {
        if (verb != 'v' && verb != 'T' && value is List<object?> list)
        {
            return "[" + string.Join(' ', list.Select(item => One(verb, flags, precision, item))) + "]";
        }

        return (verb, value) switch
        {
            ('v', _) => flags.Contains('#', StringComparison.Ordinal) && value is string s ? GoText.Quote(s) : GoValue.Print(value),
            ('T', _) => GoValue.TypeName(value),
            ('s', string s) => precision is { } p && p < s.Length ? s[..p] : s,
            ('s', IMembers m) => m.ToString() ?? "",
            ('q', string s) => GoText.Quote(s, flags.Contains('+', StringComparison.Ordinal)),
            ('t', bool b) => b ? "true" : "false",
            ('d', int or long) => Signed(Convert.ToInt64(value, CultureInfo.InvariantCulture), flags),
            ('x', int or long) => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString("x", CultureInfo.InvariantCulture),
            ('X', int or long) => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString("X", CultureInfo.InvariantCulture),
            ('x', string s) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(s)),
            ('X', string s) => Convert.ToHexString(Encoding.UTF8.GetBytes(s)),
            ('o', int or long) => Convert.ToString(Convert.ToInt64(value, CultureInfo.InvariantCulture), 8),
            ('b', int or long) => Convert.ToString(Convert.ToInt64(value, CultureInfo.InvariantCulture), 2),
            ('c', int or long) => char.ConvertFromUtf32(Convert.ToInt32(value, CultureInfo.InvariantCulture)),
            ('f' or 'F', double d) => d.ToString("F" + (precision ?? 6), CultureInfo.InvariantCulture),
            ('e', double d) => d.ToString("0." + new string('0', precision ?? 6) + "e+00", CultureInfo.InvariantCulture),
            ('g', double d) => GoNumber.Format(d),
            (_, null) => $"%!{verb}(<nil>)",
            _ => $"%!{verb}({GoValue.TypeName(value)}={GoValue.Print(value)})",
        };
    }

    private static string Signed(long value, string flags) =>
        (flags.Contains('+', StringComparison.Ordinal) && value >= 0 ? "+" : "") + value.ToString(CultureInfo.InvariantCulture);

    private static string Pad(string text, string flags, int? width, object? value)
    {
        if (width is not { } size || text.Length >= size)
        {
            return text;
        }

        if (flags.Contains('-', StringComparison.Ordinal))
        {
            return text.PadRight(size);
        }

        if (!flags.Contains('0', StringComparison.Ordinal) || value is not (int or long or double))
        {
            return text.PadLeft(size);
        }

        return text[0] is '-' or '+' ? text[0] + text[1..].PadLeft(size - 1, '0') : text.PadLeft(size, '0');
    }
}
