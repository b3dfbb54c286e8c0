using System.Globalization;

namespace Dpf.Services.Credentials;

/// <summary>Durations as Go writes them: <c>1h30m</c>.</summary>
internal static class GoDuration
{
    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static TimeSpan Parse(string text)
    {
        var (total, at) = (TimeSpan.Zero, 0);
        while (at < text.Length)
        {
            var digits = at;
            while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            {
                digits++;
            }

            var unit = digits;
            while (unit < text.Length && char.IsAsciiLetter(text[unit]))
            {
                unit++;
            }

            if (!double.TryParse(text.AsSpan(at, digits - at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                throw Malformed(text);
            }

            total += text[digits..unit] switch
            {
                "h" => TimeSpan.FromHours(number),
                "m" => TimeSpan.FromMinutes(number),
                "s" => TimeSpan.FromSeconds(number),
                "ms" => TimeSpan.FromMilliseconds(number),
                _ => throw Malformed(text),
            };
            at = unit;
        }

        return text.Length > 0 ? total : throw Malformed(text);
    }

    private static FormatException Malformed(string text) => new($"duration '{text}': expected numbers with h, m, s or ms, e.g. 24h or 1h30m");
}
