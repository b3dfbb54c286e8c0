using System.Text.Json.Nodes;
using Cronos;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>CronJobs: defaults, and a schedule that can be read.</summary>
internal sealed class CronJobStrategy : ResourceStrategy
{
    // A job's name adds eleven characters to it, and has to fit a label.
    public override int LongestName => 52;

    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        PodDefaults.Apply(spec.At("jobTemplate", "spec", "template", "spec") as JsonObject);
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        var schedule = value.Text("spec", "schedule") ?? "";
        if (schedule.Length == 0)
        {
            yield return FieldError.Required("spec.schedule");
        }
        else if (!CronExpression.TryParse(schedule, out _))
        {
            yield return FieldError.Invalid(
                "spec.schedule", schedule, "no schedule: five fields (minute, hour, day of the month, month, day of the week), or one of @hourly, @daily, @weekly, @monthly, @yearly");
        }

        if (value.Text("spec", "timeZone") is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            yield return FieldError.Invalid("spec.timeZone", zone, $"unknown time zone {zone}");
        }

        string[] policies = ["Allow", "Forbid", "Replace"];
        if (!policies.Contains(value.Text("spec", "concurrencyPolicy")))
        {
            yield return FieldError.NotSupported("spec.concurrencyPolicy", value.Text("spec", "concurrencyPolicy"), policies);
        }
    }
}
