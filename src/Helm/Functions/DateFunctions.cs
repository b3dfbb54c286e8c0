using System.Globalization;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of time.</summary>
internal static class DateFunctions
{
    private const string DateOnly = "2006-01-02";

    public static FunctionList All { get; } = new()
    {
        { "now", 0, a => new GoTime(Now(a)) },
        { "date", 2, a => GoLayout.Format(a.Text(0), Moment(a, 1)) },
        { "dateInZone", 3, a => InZone(a, a.Text(0), a.Text(2), 1) },
        { "date_in_zone", 3, a => InZone(a, a.Text(0), a.Text(2), 1) },
        { "htmlDate", 1, a => GoLayout.Format(DateOnly, Moment(a, 0)) },
        { "htmlDateInZone", 2, a => InZone(a, DateOnly, a.Text(1), 0) },
        { "dateModify", 2, a => Modify(a, strict: false) },
        { "date_modify", 2, a => Modify(a, strict: false) },
        { "mustDateModify", 2, a => Modify(a, strict: true) },
        { "must_date_modify", 2, a => Modify(a, strict: true) },
        { "ago", 1, a => GoDuration.Format(TimeSpan.FromSeconds(Math.Round((Now(a) - Moment(a, 0)).TotalSeconds))) },
        { "duration", 1, a => GoDuration.Format(TimeSpan.FromSeconds(a[0] is string or long ? a.Whole(0) : 0)) },
        { "durationRound", 1, a => GoDuration.Round(Span(a)) },
        { "unixEpoch", 1, a => Moment(a, 0).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) },
        { "toDate", 2, a => new GoTime(GoLayout.TryParse(a.Text(0), a.Text(1), out var moment) ? moment : default) },
        { "mustToDate", 2, a => new GoTime(GoLayout.TryParse(a.Text(0), a.Text(1), out var moment)
            ? moment
            : throw new FunctionException($"parsing time {GoText.Quote(a.Text(1))} as {GoText.Quote(a.Text(0))}: cannot parse")) },
    };

    private static DateTimeOffset Now(CallArguments a) => a.Execution.Host.Time.GetUtcNow();

    // Whatever is no time and no whole number of seconds is now: a number of values is a float, and so is now, too.
    private static DateTimeOffset Moment(CallArguments a, int index) => a[index] switch
    {
        GoTime time => time.Moment,
        int or long => DateTimeOffset.FromUnixTimeSeconds(a.Whole(index)),
        _ => Now(a),
    };

    private static string InZone(CallArguments a, string layout, string zone, int index) => GoLayout.Format(
        layout, TimeZoneInfo.ConvertTime(Moment(a, index), TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var known) ? known : TimeZoneInfo.Utc));

    private static GoTime Modify(CallArguments a, bool strict) => GoDuration.TryParse(a.Text(0), out var span)
        ? new GoTime(Moment(a, 1) + span)
        : strict ? throw new FunctionException($"time: invalid duration {GoText.Quote(a.Text(0))}") : new GoTime(Moment(a, 1));

    private static TimeSpan Span(CallArguments a) => a[0] switch
    {
        string text => GoDuration.TryParse(text, out var span) ? span : TimeSpan.Zero,
        long nanoseconds => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick),
        GoTime time => Now(a) - time.Moment,
        _ => TimeSpan.Zero,
    };

    private sealed record GoTime(DateTimeOffset Moment) : IMembers
    {
        public string TypeName => "time.Time";

        public object? Get(string name, IReadOnlyList<object?> arguments) => name switch
        {
            "Format" when arguments is [string layout] => GoLayout.Format(layout, Moment),
            "Unix" => Moment.ToUnixTimeSeconds(),
            "Year" => Moment.Year,
            _ => throw new FunctionException($"can't evaluate field {name} in type time.Time"),
        };

        public override string ToString() =>
            Moment.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF ", CultureInfo.InvariantCulture) + GoLayout.Format("-0700 MST", Moment);
    }
}
