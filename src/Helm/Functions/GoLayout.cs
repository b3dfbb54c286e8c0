using System.Globalization;
using System.Text;

namespace Dpf.Helm.Functions;

/// <summary>Layouts of times in terms of Go's reference time: Mon Jan 2 15:04:05 MST 2006.</summary>
internal static class GoLayout
{
    // The longer pieces come before those that they begin with.
    private static readonly (string Go, string Net)[] Pieces =
    [
        ("2006", "yyyy"), ("January", "MMMM"), ("Jan", "MMM"), ("Monday", "dddd"), ("Mon", "ddd"), ("MST", ""), ("01", "MM"),
        ("02", "dd"), ("03", "hh"), ("04", "mm"), ("05", "ss"), ("06", "yy"), ("15", "HH"), ("PM", "tt"), ("pm", "tt"),
        ("Z07:00", "K"), ("-07:00", "zzz"), ("-0700", "zzz"), (".000000000", ".fffffff00"), (".000000", ".ffffff"), (".000", ".fff"),
        ("_2", "%d"), ("1", "%M"), ("2", "%d"), ("3", "%h"), ("4", "%m"), ("5", "%s"),
    ];

    /// <summary>A moment in a layout.</summary>
    public static string Format(string layout, DateTimeOffset moment)
    {
        var text = new StringBuilder();
        foreach (var (go, net) in Split(layout))
        {
            text.Append(go switch
            {
                _ when net is null => go,
                "MST" => moment.Offset == TimeSpan.Zero ? "UTC" : Offset(moment).Replace(":", "", StringComparison.Ordinal)[..3],
                "Z07:00" => moment.Offset == TimeSpan.Zero ? "Z" : Offset(moment),
                "-0700" => Offset(moment).Replace(":", "", StringComparison.Ordinal),
                "pm" => moment.ToString(net, CultureInfo.InvariantCulture).ToLowerInvariant(),
                "_2" => moment.ToString(net, CultureInfo.InvariantCulture).PadLeft(2),
                _ => moment.ToString(net, CultureInfo.InvariantCulture),
            });
        }

        return text.ToString();
    }

    /// <summary>Reads a moment; one that names no zone is in UTC.</summary>
    public static bool TryParse(string layout, string text, out DateTimeOffset moment)
    {
        var format = string.Concat(Split(layout).Select(p => p.Net is null ? $"\\{p.Go}" : p.Net.Length == 2 && p.Net[0] == '%' ? p.Net[1..] : p.Net));
        return DateTimeOffset.TryParseExact(
            text, format.Length == 1 ? "%" + format : format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out moment);
    }

    private static string Offset(DateTimeOffset moment) => moment.ToString("zzz", CultureInfo.InvariantCulture);

    private static IEnumerable<(string Go, string? Net)> Split(string layout)
    {
        for (var i = 0; i < layout.Length;)
        {
            var piece = Array.Find(Pieces, p => string.CompareOrdinal(layout, i, p.Go, 0, p.Go.Length) == 0);
            yield return piece.Go is null ? (layout[i].ToString(), null) : piece;
            i += piece.Go?.Length ?? 1;
        }
    }
}
