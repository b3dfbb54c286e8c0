using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Schemas;

/// <summary>A rule in CEL.</summary>
public sealed record ValidationRule(string Rule)
{
    /// <summary>What a failure says.</summary>
    public string? Message { get; init; }

    /// <summary>An expression that makes what a failure says.</summary>
    public string? MessageExpression { get; init; }

    /// <summary>The cause's reason.</summary>
    public string? Reason { get; init; }

    /// <summary>The field that the failure names, below the node.</summary>
    public string? FieldPath { get; init; }

    /// <summary>Whether it speaks of the value before: then it holds for changes only.</summary>
    public bool IsTransition { get; } = System.Text.RegularExpressions.Regex.IsMatch(Rule, @"\boldSelf\b");
}

/// <summary>
/// The shape of a value: what may be in it, what it defaults to, how its lists and maps merge. Custom resources bring
/// theirs; those of built-in kinds are made from the published API. Schemas may refer to themselves.
/// </summary>
public sealed partial class StructuralSchema
{
    /// <summary><c>object array string integer number boolean</c>, or null for int-or-string and unknown content.</summary>
    public string? Type { get; set; }

    /// <summary>E.g. <c>date-time</c>, <c>int32</c>.</summary>
    public string? Format { get; set; }

    /// <summary>What it is for.</summary>
    public string? Description { get; set; }

    /// <summary>A title.</summary>
    public string? Title { get; set; }

    /// <summary>The name of a built-in type, e.g. <c>io.k8s.api.core.v1.PodSpec</c>; null in custom resources.</summary>
    public string? TypeName { get; set; }

    /// <summary>Known fields.</summary>
    public IDictionary<string, StructuralSchema> Properties { get; set; } =
        new Dictionary<string, StructuralSchema>(StringComparer.Ordinal);

    /// <summary>The shape of a map's values.</summary>
    public StructuralSchema? AdditionalProperties { get; set; }

    /// <summary>The shape of a list's elements.</summary>
    public StructuralSchema? Items { get; set; }

    /// <summary>Fields that must be there.</summary>
    public IList<string> Required { get; set; } = [];

    /// <summary>The value of a missing field; null: none.</summary>
    public JsonNode? Default { get; set; }

    /// <summary>Whether null is a value.</summary>
    public bool Nullable { get; set; }

    /// <summary>The only values; null: any.</summary>
    public IList<JsonNode?>? Enum { get; set; }

    public long? MinLength { get; set; }

    public long? MaxLength { get; set; }

    public string? Pattern { get; set; }

    public double? Minimum { get; set; }

    public double? Maximum { get; set; }

    public bool ExclusiveMinimum { get; set; }

    public bool ExclusiveMaximum { get; set; }

    public double? MultipleOf { get; set; }

    public long? MinItems { get; set; }

    public long? MaxItems { get; set; }

    public long? MinProperties { get; set; }

    public long? MaxProperties { get; set; }

    public IList<StructuralSchema> AllOf { get; set; } = [];

    public IList<StructuralSchema> AnyOf { get; set; } = [];

    public IList<StructuralSchema> OneOf { get; set; } = [];

    public StructuralSchema? Not { get; set; }

    /// <summary><c>x-kubernetes-preserve-unknown-fields</c>.</summary>
    public bool PreserveUnknownFields { get; set; }

    /// <summary><c>x-kubernetes-int-or-string</c>.</summary>
    public bool IntOrString { get; set; }

    /// <summary><c>x-kubernetes-embedded-resource</c>.</summary>
    public bool EmbeddedResource { get; set; }

    /// <summary><c>x-kubernetes-list-type</c>: <c>atomic set map</c>.</summary>
    public string? ListType { get; set; }

    /// <summary><c>x-kubernetes-list-map-keys</c>.</summary>
    public IList<string> ListMapKeys { get; set; } = [];

    /// <summary><c>x-kubernetes-map-type</c>: <c>atomic granular</c>.</summary>
    public string? MapType { get; set; }

    /// <summary><c>x-kubernetes-patch-strategy</c>: <c>merge</c>, <c>retainKeys</c>, <c>merge,retainKeys</c> or <c>replace</c>.</summary>
    public string? PatchStrategy { get; set; }

    /// <summary><c>x-kubernetes-patch-merge-key</c>.</summary>
    public string? PatchMergeKey { get; set; }

    /// <summary>Whether it says nothing about what is inside.</summary>
    public bool IsSchemaless => Properties.Count == 0 && AdditionalProperties is null && Items is null;

    /// <summary><c>x-kubernetes-validations</c>.</summary>
    public IList<ValidationRule> Validations { get; set; } = [];
}
