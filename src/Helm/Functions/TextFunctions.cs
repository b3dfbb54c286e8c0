using System.Security.Cryptography;
using System.Text;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of strings.</summary>
internal static class TextFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "trim", 1, a => a.Text(0).Trim() },
        { "trimAll", 2, a => a.Text(1).Trim(a.Text(0).ToCharArray()) },
        { "trimall", 2, a => a.Text(1).Trim(a.Text(0).ToCharArray()) },
        { "trimSuffix", 2, a => a.Text(1).EndsWith(a.Text(0), StringComparison.Ordinal) ? a.Text(1)[..^a.Text(0).Length] : a.Text(1) },
        { "trimPrefix", 2, a => a.Text(1).StartsWith(a.Text(0), StringComparison.Ordinal) ? a.Text(1)[a.Text(0).Length..] : a.Text(1) },
        { "upper", 1, a => a.Text(0).ToUpperInvariant() },
        { "lower", 1, a => a.Text(0).ToLowerInvariant() },
        { "title", 1, a => Title(a.Text(0)) },
        { "untitle", 1, a => string.Join(' ', a.Text(0).Split(' ').Select(w => w.Length > 0 ? char.ToLowerInvariant(w[0]) + w[1..] : w)) },
        { "swapcase", 1, a => string.Concat(a.Text(0).Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))) },
        { "substr", 3, a => Substring(a.Int(0), a.Int(1), a.Text(2)) },
        { "trunc", 2, a => Truncate(a.Int(0), a.Text(1)) },
        { "nospace", 1, a => string.Concat(a.Text(0).Where(c => !char.IsWhiteSpace(c))) },
        { "abbrev", 2, a => a.Int(0) < 4 || a.Text(1).Length <= a.Int(0) ? a.Text(1) : a.Text(1)[..(a.Int(0) - 3)] + "..." },
        { "abbrevboth", 3, a => AbbreviateBoth(a.Int(0), a.Int(1), a.Text(2)) },
        { "shuffle", 1, a => Shuffle(a.Text(0)) },
        { "initials", 1, a => string.Concat(a.Text(0).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(w => w[0])) },
        { "plural", 3, a => a.Int(2) == 1 ? a.Text(0) : a.Text(1) },
        { "repeat", 2, a => a.Int(0) >= 0
            ? new StringBuilder().Insert(0, a.Text(1), a.Int(0)).ToString() : throw new FunctionException("strings: negative Repeat count") },
        { "replace", 3, a => a.Text(0).Length == 0 ? a.Text(2) : a.Text(2).Replace(a.Text(0), a.Text(1), StringComparison.Ordinal) },
        { "contains", 2, a => a.Text(1).Contains(a.Text(0), StringComparison.Ordinal) },
        { "hasPrefix", 2, a => a.Text(1).StartsWith(a.Text(0), StringComparison.Ordinal) },
        { "hasSuffix", 2, a => a.Text(1).EndsWith(a.Text(0), StringComparison.Ordinal) },
        { "quote", 0, int.MaxValue, a => string.Join(' ', a.All.Where(v => v is not null).Select(v => GoText.Quote(GoValue.Print(v)))) },
        { "squote", 0, int.MaxValue, a => string.Join(' ', a.All.Where(v => v is not null).Select(v => $"'{GoValue.Print(v)}'")) },
        { "cat", 0, int.MaxValue, a => string.Join(' ', a.All.Where(v => v is not null).Select(GoValue.Print)) },
        { "indent", 2, a => Indent(a.Int(0), a.Text(1)) },
        { "nindent", 2, a => "\n" + Indent(a.Int(0), a.Text(1)) },
        { "wrap", 2, a => Wrap(a.Int(0), "\n", a.Text(1)) },
        { "wrapWith", 3, a => Wrap(a.Int(0), a.Text(1), a.Text(2)) },
        { "snakecase", 1, a => string.Join('_', Words(a.Text(0))).ToLowerInvariant() },
        { "kebabcase", 1, a => string.Join('-', Words(a.Text(0))).ToLowerInvariant() },
        { "camelcase", 1, a => string.Concat(Words(a.Text(0)).Select(w => char.ToUpperInvariant(w[0]) + w[1..].ToLowerInvariant())) },
        { "toString", 1, a => a.Printed(0) },
        { "join", 2, a => Join(a.Text(0), a[1]) },
        { "split", 2, a => Numbered(a.Text(1).Split(a.Text(0))) },
        { "splitn", 3, a => Numbered(a.Text(2).Split(a.Text(0), a.Int(1))) },
        { "splitList", 2, a => a.Text(1).Split(a.Text(0)).Select(s => (object?)s).ToList() },
        { "toStrings", 1, a => a.List(0).Where(v => v is not null).Select(v => (object?)GoValue.Print(v)).ToList() },
    };

    /// <summary>Spaces before every line.</summary>
    public static string Indent(int spaces, string text)
    {
        var margin = new string(' ', spaces);
        return margin + text.Replace("\n", "\n" + margin, StringComparison.Ordinal);
    }

    private static string AbbreviateBoth(int left, int right, string text)
    {
        if (right < 4 || (left > 0 && right < 7) || text.Length <= right)
        {
            return text;
        }

        left = Math.Min(left, text.Length);
        left = text.Length - left < right - 3 ? text.Length - (right - 3) : left;
        return left <= 4 ? text[..(right - 3)] + "..."
            : left + right - 3 < text.Length ? "..." + text[left..(left + right - 6)] + "..."
            : "..." + text[^(right - 3)..];
    }

    private static string Shuffle(string text)
    {
        var letters = text.ToCharArray();
        RandomNumberGenerator.Shuffle(letters.AsSpan());
        return new string(letters);
    }

    private static string Title(string text)
    {
        var result = new StringBuilder(text);
        for (var i = 0; i < result.Length; i++)
        {
            if (i == 0 || !(char.IsLetterOrDigit(result[i - 1]) || result[i - 1] == '_'))
            {
                result[i] = char.ToUpperInvariant(result[i]);
            }
        }

        return result.ToString();
    }

    private static string Substring(int start, int end, string text)
    {
        if (start < 0)
        {
            return text[..Math.Min(end, text.Length)];
        }

        if (start > text.Length)
        {
            throw new FunctionException($"slice bounds out of range [{start}:{text.Length}]");
        }

        return end < 0 || end > text.Length ? text[start..] : text[start..end];
    }

    private static string Truncate(int count, string text) =>
        count < 0
            ? text.Length + count > 0 ? text[^-count..] : text
            : text.Length > count ? text[..count] : text;

    private static string Wrap(int width, string separator, string text)
    {
        var lines = new List<string>();
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : line + " " + word;
            }
        }

        lines.Add(line);
        return string.Join(separator, lines);
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var separator = !char.IsLetterOrDigit(c);
            var begins = char.IsUpper(c) && i > 0 &&
                (!char.IsUpper(text[i - 1]) || (i + 1 < text.Length && char.IsLower(text[i + 1])));
            if ((separator || begins) && word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }

            if (!separator)
            {
                word.Append(c);
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    private static string Join(string separator, object? value) => value switch
    {
        null => "",
        List<object?> list => string.Join(separator, list.Where(v => v is not null).Select(GoValue.Print)),
        _ => GoValue.Print(value),
    };

    private static Dictionary<string, object?> Numbered(string[] parts) =>
        parts.Select((part, i) => (part, i)).ToDictionary(p => $"_{p.i}", p => (object?)p.part, StringComparer.Ordinal);
}
