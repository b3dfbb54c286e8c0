using System.Text.Json.Nodes;

namespace Dpf.Guide.Describing;

/// <summary>An object of one of the clusters.</summary>
/// <param name="Cluster">The DPUCluster that it lives in; null for the management cluster.</param>
/// <param name="Value">The object.</param>
public sealed record ClusterObject(string? Cluster, JsonObject Value)
{
    /// <summary>Its kind.</summary>
    public string Kind => (string?)Value["kind"] ?? "";

    /// <summary>Its namespace; null when it has none.</summary>
    public string? Namespace => (string?)Value["metadata"]?["namespace"];

    /// <summary>Its name.</summary>
    public string Name => (string?)Value["metadata"]?["name"] ?? "";

    /// <summary>What tells it apart.</summary>
    public ObjectKey Key => new(Cluster, Kind, Namespace, Name);

    /// <summary>A label, or null.</summary>
    public string? Label(string name) => (string?)Value["metadata"]?["labels"]?[name];
}

/// <summary>What tells an object apart from all others.</summary>
/// <param name="Cluster">Null for the management cluster.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Namespace">Null for a cluster-scoped kind.</param>
/// <param name="Name">The name.</param>
public readonly record struct ObjectKey(string? Cluster, string Kind, string? Namespace, string Name);

/// <summary>An object with what belongs to it.</summary>
/// <param name="Object">The object.</param>
/// <param name="Standing">How it stands.</param>
/// <param name="Conditions">What it says in detail.</param>
/// <param name="Next">What a user can do; null when nothing, or when the cause is further down.</param>
/// <param name="Children">What belongs to it.</param>
public sealed record ObjectNode(
    ClusterObject Object, Standing Standing, IReadOnlyList<Condition> Conditions, string? Next, IReadOnlyList<ObjectNode> Children)
{
    /// <summary>Whether this object itself is not as it should be.</summary>
    public bool IsIssue => Standing.Kind != StandingKind.Ready;

    /// <summary>Whether it, or anything that belongs to it, is not.</summary>
    public bool HasIssue => IsIssue || Children.Any(child => child.HasIssue);

    /// <summary>How many objects are not, itself included.</summary>
    public int Issues => (IsIssue ? 1 : 0) + Children.Sum(child => child.Issues);

    /// <summary>The branches with issues alone; null when there is none.</summary>
    public ObjectNode? OnlyIssues() => HasIssue ? this with { Children = [.. Children.Select(child => child.OnlyIssues()).OfType<ObjectNode>()] } : null;

    /// <summary>It and everything below it.</summary>
    public IEnumerable<ObjectNode> All() => Children.SelectMany(child => child.All()).Prepend(this);
}
