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
}
