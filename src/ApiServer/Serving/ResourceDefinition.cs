using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;

namespace Dpf.ApiServer.Serving;

/// <summary>A group and resource name, e.g. <c>deployments.apps</c>.</summary>
public readonly record struct GroupResource(string Group, string Resource)
{
    /// <inheritdoc/>
    public override string ToString() => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>A subresource and the kind that it speaks.</summary>
public sealed record SubresourceDefinition
{
    /// <summary>Its name, e.g. <c>status</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of its body; null: the parent's group, version and kind.</summary>
    public string? Kind { get; init; }

    /// <summary>The group of <see cref="Kind"/>.</summary>
    public string? Group { get; init; }

    /// <summary>The version of <see cref="Kind"/>.</summary>
    public string? Version { get; init; }

    /// <summary>What can be done with it.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = ["get", "patch", "update"];

    /// <summary>
    /// The field paths that a write through it changes, e.g. <c>spec.ephemeralContainers</c>; all else stays. Null for
    /// <c>status</c>: the field of that name. Not used where a handler answers by itself.
    /// </summary>
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>Whether labels and annotations can be changed through it as well (pods and nodes: status).</summary>
    public bool ChangesMetadata { get; init; }
}

/// <summary>A column of the printed table of a custom resource.</summary>
public sealed record PrinterColumn(string Name, string Type, string JsonPath)
{
    /// <summary>The column's format, e.g. <c>int32</c>.</summary>
    public string Format { get; init; } = "";

    /// <summary>The column's description.</summary>
    public string Description { get; init; } = "";

    /// <summary>0: always shown; greater: with <c>-o wide</c>.</summary>
    public int Priority { get; init; }
}

/// <summary>Where a resource keeps what its scale subresource shows, as JSON paths such as <c>.spec.replicas</c>.</summary>
public sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? Selector);

/// <summary>When <c>metadata.generation</c> counts up.</summary>
public enum GenerationRule
{
    /// <summary>The kind has no generation.</summary>
    None,

    /// <summary>When <c>spec</c> changes.</summary>
    Spec,

    /// <summary>When anything but <c>metadata</c> and <c>status</c> changes.</summary>
    AllButStatus,

    /// <summary>When anything but <c>metadata</c> changes.</summary>
    AllButMetadata,
}

/// <summary>
/// All that the request path knows about a resource in one version: built-in kinds and custom ones are told alike.
/// </summary>
public sealed record ResourceDefinition
{
    /// <summary>The verbs of a resource that can do everything.</summary>
    public static readonly IReadOnlyList<string> AllVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>The API group; empty: the core group.</summary>
    public required string Group { get; init; }

    /// <summary>The version, e.g. <c>v1</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The kind, e.g. <c>Pod</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The kind of lists.</summary>
    public string ListKind { get => field ?? Kind + "List"; init; }

    /// <summary>The name in paths.</summary>
    public required string Plural { get; init; }

    /// <summary>The name of one.</summary>
    public string Singular { get => field ?? Kind.ToLowerInvariant(); init; }

    /// <summary>Abbreviations.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Groups of resources such as <c>all</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Whether objects live in namespaces.</summary>
    public bool Namespaced { get; init; } = true;

    /// <summary>What can be done with it, in alphabetical order.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    /// <summary>Its subresources.</summary>
    public IReadOnlyList<SubresourceDefinition> Subresources { get; init; } = [];

    /// <summary>The shape of its objects; null: unknown.</summary>
    public StructuralSchema? Schema { get; init; }

    /// <summary>Columns of its table, after the name (custom resources).</summary>
    public IReadOnlyList<PrinterColumn> PrinterColumns { get; init; } = [];

    /// <summary>Field paths (<c>spec.nodeName</c>) usable in field selectors besides name and namespace.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>What the scale subresource reads and writes.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>When the generation counts up.</summary>
    public GenerationRule Generation { get; init; } = GenerationRule.None;

    /// <summary>Whether it comes from a CustomResourceDefinition.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Whether it is the version that the group prefers in discovery.</summary>
    public bool Preferred { get; init; } = true;

    /// <summary>Whether creation and update of this resource can do without a namespace check, e.g. reviews (never stored).</summary>
    public bool Virtual { get; init; }

    /// <summary>A warning that every request of this version is answered with.</summary>
    public string? DeprecationWarning { get; init; }

    /// <summary>What who writes an object of it should know, e.g. that nobody heeds it; null for nothing.</summary>
    public string? Caveat { get; init; }

    /// <summary>A stable hash of the storage version.</summary>
    public string StorageVersionHash
    {
        get => field ?? Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes($"{Group}/{Version}/{Kind}"))[..8]);
        init;
    }

    /// <summary>
    /// Where objects are kept; several versions or groups (events) can share one place. Null: <see cref="GroupResource"/>.
    /// </summary>
    public GroupResource? StoredAs { get; init; }

    /// <summary>The version that is written to storage; null: <see cref="ApiVersion"/> of this definition.</summary>
    public string? StorageApiVersion { get; init; }

    /// <summary>Turns a stored object into this version, in place; null: only <c>apiVersion</c> is rewritten.</summary>
    public Action<JsonObject>? FromStorage { get; init; }

    /// <summary>Turns an object of this version into the stored one, in place; null: only <c>apiVersion</c> is rewritten.</summary>
    public Action<JsonObject>? ToStorage { get; init; }

    /// <summary>Group and plural.</summary>
    public GroupResource GroupResource => new(Group, Plural);

    /// <summary>The place where objects are kept.</summary>
    public GroupResource StorageResource => StoredAs ?? GroupResource;

    /// <summary><c>group/version</c>, or the version alone in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Whether it has a status subresource.</summary>
    public bool HasStatus => Subresource("status") is not null;

    /// <summary>The subresource of that name.</summary>
    public SubresourceDefinition? Subresource(string name) =>
        Subresources.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.Ordinal));
}
