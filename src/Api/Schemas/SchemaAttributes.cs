using System.Diagnostics.CodeAnalysis;

namespace Dpf.Api.Schemas;

/// <summary>What a CustomResourceDefinition says of a kind besides what <c>KubernetesEntity</c> says.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomKindAttribute : Attribute
{
    /// <summary>Short names for kubectl, e.g. <c>dsvc</c>.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "attributes hold arrays")]
    public string[] ShortNames { get; init; } = [];

    /// <summary>Groups of kinds that kubectl knows by one name, e.g. <c>kubectl get dpf</c>.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "attributes hold arrays")]
    public string[] Categories { get; init; } = [];

    /// <summary>Whether its objects live in no namespace.</summary>
    public bool ClusterScoped { get; init; }

    /// <summary>Whether an object without a spec is refused.</summary>
    public bool SpecRequired { get; init; }

    /// <summary>Whether nobody ever reports on its objects.</summary>
    public bool WithoutStatus { get; init; }

    /// <summary>Where Kubernetes approved the kind; API servers refuse kinds of the group <c>*.k8s.io</c> that do not say.</summary>
    public string? ApprovedBy { get; init; }
}

/// <summary>A column of <c>kubectl get</c>, in order of appearance.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PrinterColumnAttribute(string name, string jsonPath, string type = "string") : Attribute
{
    /// <summary>The heading.</summary>
    public string Name { get; } = name;

    /// <summary>Where the value is, e.g. <c>.status.phase</c>.</summary>
    public string JsonPath { get; } = jsonPath;

    /// <summary><c>string</c>, <c>integer</c>, <c>boolean</c>, <c>number</c> or <c>date</c>.</summary>
    public string Type { get; } = type;

    /// <summary>0 is shown always, more only with <c>-o wide</c>.</summary>
    public int Priority { get; init; }

    /// <summary>A word of explanation.</summary>
    public string? Description { get; init; }
}

/// <summary>The field must be there.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MandatoryAttribute : Attribute;

/// <summary>What the server fills in, as JSON (<c>"true"</c>, <c>"\"DHCP\""</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultJsonAttribute(string json) : Attribute
{
    /// <summary>The value, JSON.</summary>
    public string Json { get; } = json;
}

/// <summary>The allowed values.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute(params string[] values) : Attribute
{
    /// <summary>The allowed values.</summary>
    public IReadOnlyList<string> Values { get; } = values;
}

/// <summary>Bounds of a number, or of a text's or list's length.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BoundsAttribute(long min = long.MinValue, long max = long.MaxValue) : Attribute
{
    /// <summary>The least; <see cref="long.MinValue"/>: none.</summary>
    public long Min { get; } = min;

    /// <summary>The most; <see cref="long.MaxValue"/>: none.</summary>
    public long Max { get; } = max;
}

/// <summary>A regular expression that the text must match.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string expression) : Attribute
{
    /// <summary>The expression (RE2 syntax).</summary>
    public string Expression { get; } = expression;
}

/// <summary>The format of a text or number, e.g. <c>date-time</c>, <c>int32</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FormatAttribute(string name) : Attribute
{
    /// <summary>The format.</summary>
    public string Name { get; } = name;
}

/// <summary>The map's values are Kubernetes quantities: numbers with a suffix.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class QuantitiesAttribute : Attribute;

/// <summary>A rule in the Common Expression Language (<c>x-kubernetes-validations</c>).</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class CelRuleAttribute(string rule, string message) : Attribute
{
    /// <summary>The rule.</summary>
    public string Rule { get; } = rule;

    /// <summary>What the user is told when it is broken.</summary>
    public string Message { get; } = message;
}

/// <summary>The list is a map: these fields identify an element (<c>x-kubernetes-list-type: map</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListMapAttribute(params string[] keys) : Attribute
{
    /// <summary>The identifying fields.</summary>
    public IReadOnlyList<string> Keys { get; } = keys;
}

/// <summary>The list is a set: several may apply values of their own (<c>x-kubernetes-list-type: set</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListSetAttribute : Attribute;

/// <summary>Fields that are not known are kept (<c>x-kubernetes-preserve-unknown-fields</c>).</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class PreserveUnknownAttribute : Attribute;
