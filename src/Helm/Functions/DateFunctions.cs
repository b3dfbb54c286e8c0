using System.Globalization;
using System.Text;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of time, for what charts write into labels and annotations.</summary>
internal static class DateFunctions
{
    // Go's reference time, piece by piece: Mon Jan 2 15:04:05 2006.
    private static readonly (string Go, string Net)[] Pieces =
    [
        ("2006", "yyyy"), ("January", "MMMM"), ("Jan", "MMM"), ("Monday", "dddd"), ("Mon", "ddd"), ("01", "MM"), ("02", "dd"),
        ("15", "HH"), ("03", "hh"), ("04", "mm"), ("05", "ss"), ("06", "yy"), ("PM", "tt"), ("Z07:00", "K"), ("-0700", "zzz"),
    ];

    public static FunctionList All { get; } = new()
    {
        { "now", 0, a => new GoTime(a.Execution.Host.Time.GetUtcNow()) },
        { "date", 2, a => Format(a.Text(0), a[1]) },
        { "htmlDate", 1, a => Format("2006-01-02", a[0]) },
        { "unixEpoch", 1, a => Moment(a[0]).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) },
        { "toDate", 2, a => new GoTime(DateTimeOffset.ParseExact(
            a.Text(1), Layout(a.Text(0)), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)) },
    };

    private static string Format(string layout, object? value) =>
        Moment(value).ToString(Layout(layout), CultureInfo.InvariantCulture);

    private static DateTimeOffset Moment(object? value) => value switch
    {
        GoTime time => time.Moment,
        int or long or double => DateTimeOffset.FromUnixTimeSeconds(CallArguments.ToWhole(value)),
        _ => throw new FunctionException($"wrong type for value; expected time.Time; got {GoValue.TypeName(value)}"),
    };

    private static string Layout(string layout)
    {
        var net = new StringBuilder();
        for (var i = 0; i < layout.Length;)
        {
            var piece = Array.Find(Pieces, p => string.CompareOrdinal(layout, i, p.Go, 0, p.Go.Length) == 0);
            if (piece.Go is null)
            {
                net.Append('\\').Append(layout[i++]);
            }
            else
            {
                net.Append(piece.Net);
                i += piece.Go.Length;
            }
        }

        return net.ToString();
    }

    private sealed record GoTime(DateTimeOffset Moment) : IMembers
    {
        public string TypeName => "time.Time";

        public object? Get(string name, IReadOnlyList<object?> arguments) => name switch
        {
            "Format" when arguments is [string layout] => Moment.ToString(Layout(layout), CultureInfo.InvariantCulture),
            "Unix" => Moment.ToUnixTimeSeconds(),
            "Year" => Moment.Year,
            _ => throw new FunctionException($"can't evaluate field {name} in type time.Time"),
        };

        public override string ToString() =>
            Moment.ToString("yyyy-MM-dd HH:mm:ss.fffffff +0000 'UTC'", CultureInfo.InvariantCulture);
    }
}
