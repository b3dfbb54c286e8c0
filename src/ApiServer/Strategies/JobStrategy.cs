using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Jobs: a selector by the job's own uid.</summary>
internal sealed class JobStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");

        // Parallelism alone makes a work queue: it is done when one pod found nothing left to do.
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", 6);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        PodDefaults.Apply(spec.At("template", "spec") as JsonObject);
    }

    public override ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation)
    {
        var spec = value.Map("spec");
        if (!spec.Flag("manualSelector"))
        {
            var uid = value.Text("metadata", "uid");
            var labels = spec.Map("template").Map("metadata").Map("labels");
            labels["batch.kubernetes.io/controller-uid"] = uid;
            labels["controller-uid"] = uid;
            labels["batch.kubernetes.io/job-name"] = value.Name();
            labels["job-name"] = value.Name();
            spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid } };
        }

        return ValueTask.CompletedTask;
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        if (old is null)
        {
            return [];
        }

        // What was stored before a default was known has it too.
        var was = old.Copy();
        PodDefaults.Apply(was.At("spec", "template", "spec") as JsonObject);
        if (old.Flag("spec", "suspend") && old.At("status", "startTime") is null)
        {
            TakePlacement(value, was);
        }

        // The pods of an indexed job are counted by it: more of them can be asked for, or less.
        var isScaled = value.Text("spec", "completionMode") == "Indexed" && value.Number("spec", "completions") == value.Number("spec", "parallelism");
        return Immutable.Fields(
            value, was,
            [
                .. isScaled ? (string[])[] : ["spec.completions"], "spec.selector", "spec.template", "spec.completionMode", "spec.podFailurePolicy",
                "spec.backoffLimitPerIndex", "spec.managedBy", "spec.successPolicy",
            ]);
    }

    /// <summary>Where its pods go can be chosen until it begins.</summary>
    private static void TakePlacement(JsonObject from, JsonObject to)
    {
        foreach (var path in (string[][])[
            ["metadata", "labels"], ["metadata", "annotations"], ["spec", "nodeSelector"], ["spec", "affinity"], ["spec", "tolerations"],
            ["spec", "schedulingGates"]])
        {
            var part = to.Map("spec").Map("template").Map(path[0]);
            part.Remove(path[1]);
            if (from.At(["spec", "template", .. path]) is { } chosen)
            {
                part[path[1]] = chosen.DeepClone();
            }
        }
    }
}
