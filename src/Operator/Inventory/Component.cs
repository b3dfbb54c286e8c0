using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>How to tell that a component works.</summary>
/// <param name="ApiVersion">Of the object to look at.</param>
/// <param name="Kind">Deployment, DaemonSet or DPUService.</param>
/// <param name="Name">Its name.</param>
public sealed record Workload(string ApiVersion, string Kind, string Name);

/// <summary>One of the system's components.</summary>
public sealed record Component
{
    /// <summary>Its name, e.g. <c>sfc-controller</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its field in DPFOperatorConfig's spec.</summary>
    public required string Field { get; init; }

    /// <summary>What tells whether it works.</summary>
    public required Workload Workload { get; init; }

    /// <summary>All objects it consists of. Pure.</summary>
    public required Func<SystemSettings, ReleaseDefaults, IReadOnlyList<JsonObject>> Generate { get; init; }

    /// <summary>Whether it is deployed only when the configuration has a block for it.</summary>
    public bool NeedsBlock { get; init; }

    /// <summary>Whether it is to be deployed.</summary>
    public bool IsEnabled(SystemSettings settings) => settings.Component(Field, NeedsBlock).IsEnabled;

    /// <summary>Its objects; none when it is disabled.</summary>
    public IReadOnlyList<JsonObject> Desired(SystemSettings settings, ReleaseDefaults release) =>
        IsEnabled(settings) ? [.. Generate(settings, release).Select(Labelled)] : [];

    private JsonObject Labelled(JsonObject value)
    {
        var metadata = value["metadata"]!.AsObject();
        if (metadata["labels"] is not JsonObject labels)
        {
            metadata["labels"] = labels = [];
        }

        labels.TryAdd(ApplySetLabels.Component, Name);
        return value;
    }
}

/// <summary>Labels of what the operator deploys.</summary>
public static class ApplySetLabels
{
    /// <summary>Which component an object belongs to; the operator watches by it.</summary>
    public const string Component = "dpu.nvidia.com/component";

    /// <summary>On the parent: the set's id (KEP-3659).</summary>
    public const string Id = "applyset.kubernetes.io/id";

    /// <summary>On a member: the id of its set (KEP-3659).</summary>
    public const string PartOf = "applyset.kubernetes.io/part-of";
}
