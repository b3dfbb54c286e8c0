using System.Globalization;
using System.Text.RegularExpressions;

namespace Dpf.Helm.Functions;

/// <summary>Durations as Go writes and reads them: <c>1h30m0s</c>.</summary>
internal static partial class GoDuration
{
    /// <summary>Go's text of a duration.</summary>
    public static string Format(TimeSpan span)
    {
        if (span < TimeSpan.Zero)
        {
            return "-" + Format(-span);
        }

        if (span < TimeSpan.FromSeconds(1))
        {
            return span == TimeSpan.Zero ? "0s"
                : span < TimeSpan.FromMilliseconds(1) ? Number(span.TotalMicroseconds) + "µs"
                : Number(span.TotalMilliseconds) + "ms";
        }

        var hours = (long)span.TotalHours;
        var seconds = Number(span.TotalSeconds - (Math.Floor(span.TotalMinutes) * 60)) + "s";
        return (hours > 0 ? $"{hours}h" : "") + (span.TotalMinutes >= 1 ? $"{span.Minutes}m" : "") + seconds;
    }

    /// <summary>The largest unit that a duration is more than one of: <c>2h</c>.</summary>
    public static string Round(TimeSpan span)
    {
        ReadOnlySpan<(double Days, string Unit)> units =
            [(365, "y"), (30, "mo"), (1, "d"), (1.0 / 24, "h"), (1.0 / 1440, "m"), (1.0 / 86400, "s")];
        foreach (var (days, unit) in units)
        {
            if (span > TimeSpan.FromDays(days))
            {
                return $"{(long)(span / TimeSpan.FromDays(days))}{unit}";
            }
        }

        return "0s";
    }

    /// <summary>Reads <c>-1h30m</c>, <c>1.5s</c>, <c>0</c>.</summary>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        var match = Whole().Match(text);
        if (!match.Success)
        {
            return text is "0" or "+0" or "-0";
        }

        for (var i = 0; i < match.Groups["n"].Captures.Count; i++)
        {
            var count = double.Parse(match.Groups["n"].Captures[i].Value, CultureInfo.InvariantCulture);
            span += match.Groups["u"].Captures[i].Value switch
            {
                "h" => TimeSpan.FromHours(count),
                "m" => TimeSpan.FromMinutes(count),
                "s" => TimeSpan.FromSeconds(count),
                "ms" => TimeSpan.FromMilliseconds(count),
                "ns" => TimeSpan.FromMicroseconds(count / 1000),
                _ => TimeSpan.FromMicroseconds(count),
            };
        }

        span = text[0] == '-' ? -span : span;
        return true;
    }

    private static string Number(double value) => Math.Round(value, 7).ToString("0.#######", CultureInfo.InvariantCulture);

    [GeneratedRegex("^[-+]?(?:(?<n>[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?<u>h|ms|m|s|us|µs|ns))+$")]
    private static partial Regex Whole();
}
