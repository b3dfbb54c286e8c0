using System.Globalization;

namespace Dpf.Provisioning.Flavors;

/// <summary>How much memory a kernel's command line sets aside in huge pages: pure.</summary>
internal static class HugePages
{
    private const long UsualSize = 2L << 20;

    /// <summary>The bytes. Each <c>hugepages=</c> is of the size that <c>hugepagesz=</c> named last, or of the default.</summary>
    /// <param name="kernelParameters">The parameters; an entry may hold several.</param>
    public static long Bytes(IEnumerable<string>? kernelParameters)
    {
        var words = (kernelParameters ?? []).SelectMany(p => p.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToList();
        var fallback = words.Select(w => Value(w, "default_hugepagesz")).OfType<string>().Select(Size).LastOrDefault(s => s > 0);
        var (size, total) = (fallback > 0 ? fallback : UsualSize, 0L);
        foreach (var word in words)
        {
            if (Value(word, "hugepagesz") is { } unit && Size(unit) is > 0 and var bytes)
            {
                size = bytes;
            }
            else if (Value(word, "hugepages") is { } counts)
            {
                // Of several memory nodes: 0:512,1:512.
                total += size * counts.Split(',').Sum(c => long.TryParse(c[(c.IndexOf(':', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture, out var n) ? n : 0);
            }
        }

        return total;
    }

    private static string? Value(string word, string name) =>
        word.StartsWith(name + "=", StringComparison.Ordinal) ? word[(name.Length + 1)..] : null;

    /// <summary>A size as the kernel reads it: <c>2M</c>, <c>2048kB</c>, <c>1G</c>.</summary>
    private static long Size(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (!long.TryParse(text[..digits], CultureInfo.InvariantCulture, out var number))
        {
            return 0;
        }

        return text[digits..].TrimEnd('b', 'B').ToUpperInvariant() switch
        {
            "" => number,
            "K" => number << 10,
            "M" => number << 20,
            "G" => number << 30,
            _ => 0,
        };
    }
}
