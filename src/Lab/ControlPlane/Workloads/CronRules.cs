using System.Globalization;
using Cronos;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>What becomes of a time at which a CronJob is due.</summary>
internal enum CronVerdict
{
    /// <summary>A job is made.</summary>
    Run,

    /// <summary>The jobs before are ended, and one is made.</summary>
    Replace,

    /// <summary>The job before still runs, and there may be only one.</summary>
    Forbidden,
}

/// <summary>When a CronJob is due, and what is kept of its jobs: pure (batch/v1).</summary>
internal static class CronRules
{
    /// <summary>The last time that has come and that nothing was done about; null: none.</summary>
    public static DateTimeOffset? Due(V1CronJob cron, DateTimeOffset now)
    {
        var since = new DateTimeOffset((cron.Status?.LastScheduleTime ?? cron.Metadata.CreationTimestamp ?? now.UtcDateTime).ToUniversalTime());
        if (cron.Spec.StartingDeadlineSeconds is { } seconds && now.AddSeconds(-seconds) > since)
        {
            // What was missed before that is not made up for.
            since = now.AddSeconds(-seconds);
        }

        DateTimeOffset? due = null;
        foreach (var time in Schedule(cron).GetOccurrences(since, now, Zone(cron), fromInclusive: false, toInclusive: true))
        {
            due = time.ToUniversalTime();
        }

        return due;
    }

    /// <summary>The next time; null when there is none.</summary>
    public static DateTimeOffset? Next(V1CronJob cron, DateTimeOffset now) => Schedule(cron).GetNextOccurrence(now, Zone(cron))?.ToUniversalTime();

    /// <summary>What becomes of a time when some jobs of earlier ones are active.</summary>
    public static CronVerdict Verdict(V1CronJob cron, int active) => active == 0 ? CronVerdict.Run
        : cron.Spec.ConcurrencyPolicy switch
        {
            "Forbid" => CronVerdict.Forbidden,
            "Replace" => CronVerdict.Replace,
            _ => CronVerdict.Run,
        };

    /// <summary>The name of the job of a time: the CronJob's with the minutes since 1970.</summary>
    public static string JobName(V1CronJob cron, DateTimeOffset due) =>
        string.Create(CultureInfo.InvariantCulture, $"{cron.Metadata.Name}-{due.ToUnixTimeSeconds() / 60}");

    /// <summary><c>Complete</c> or <c>Failed</c>; null while a job runs.</summary>
    public static string? Outcome(V1Job job) => job.Status?.Conditions?.FirstOrDefault(c => c.Type is "Complete" or "Failed" && c.Status == "True")?.Type;

    /// <summary>The jobs of an outcome beyond those that are kept, which are the latest.</summary>
    public static IEnumerable<V1Job> Old(IEnumerable<V1Job> jobs, string outcome, int kept) =>
        jobs.Where(j => Outcome(j) == outcome).OrderByDescending(j => j.Metadata.CreationTimestamp).ThenBy(j => j.Metadata.Name, StringComparer.Ordinal).Skip(kept);

    private static CronExpression Schedule(V1CronJob cron) => CronExpression.Parse(cron.Spec.Schedule);

    private static TimeZoneInfo Zone(V1CronJob cron) => string.IsNullOrEmpty(cron.Spec.TimeZone) ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(cron.Spec.TimeZone);
}
