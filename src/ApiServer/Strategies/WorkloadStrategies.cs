using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Kinds with a pod template: its defaults, their own, and that a selector fits it.</summary>
/// <param name="own">The kind's own defaults, applied to its spec.</param>
/// <param name="changeable">The only fields of the spec that may change; null: all but the selector.</param>
internal sealed class WorkloadStrategy(Action<JsonObject> own, IReadOnlyList<string>? changeable = null) : ResourceStrategy
{
    public static WorkloadStrategy Deployment { get; } = new(
        spec =>
        {
            spec.Default("replicas", 1);
            spec.Default("revisionHistoryLimit", 10);
            spec.Default("progressDeadlineSeconds", 600);
            Rolling(spec, "strategy", new JsonObject { ["maxUnavailable"] = "25%", ["maxSurge"] = "25%" });
        });

    public static WorkloadStrategy ReplicaSet { get; } = new(spec => spec.Default("replicas", 1));

    public static WorkloadStrategy DaemonSet { get; } = new(
        spec =>
        {
            spec.Default("revisionHistoryLimit", 10);
            Rolling(spec, "updateStrategy", new JsonObject { ["maxUnavailable"] = 1, ["maxSurge"] = 0 });
        });

    public static WorkloadStrategy StatefulSet { get; } = new(
        spec =>
        {
            spec.Default("replicas", 1);
            spec.Default("revisionHistoryLimit", 10);
            spec.Default("podManagementPolicy", "OrderedReady");
            Rolling(spec, "updateStrategy", new JsonObject { ["partition"] = 0 });
        },
        ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"]);

    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        own(spec);
        PodDefaults.Apply(spec.At("template", "spec") as JsonObject);
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        if (value.At("spec", "selector") is not JsonObject selector)
        {
            yield return FieldError.Required("spec.selector");
            yield break;
        }

        var labels = value.At("spec", "template", "metadata", "labels") as JsonObject ?? [];
        if (LabelSelector.From(selector) is { } wanted && !wanted.Matches(key => labels.Text(key)))
        {
            yield return FieldError.Invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
        }

        foreach (var error in Immutable.Fields(value, old, "spec.selector"))
        {
            yield return error;
        }

        if (changeable is not null && old?["spec"] is JsonObject was && !Immutable.Same(Fixed((JsonObject)value["spec"]!), Fixed(was)))
        {
            yield return FieldError.Forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', " +
                "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }

    /// <summary>A spec without what may change, and without what is looked at by itself.</summary>
    private JsonObject Fixed(JsonObject spec)
    {
        var copy = spec.Copy();
        own(copy);
        foreach (var field in changeable!.Append("selector"))
        {
            copy.Remove(field);
        }

        return copy;
    }

    private static void Rolling(JsonObject spec, string field, JsonObject defaults)
    {
        var strategy = spec.Map(field);
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Map("rollingUpdate");
            foreach (var (name, value) in defaults)
            {
                rolling.Default(name, value?.DeepClone());
            }
        }
    }
}
