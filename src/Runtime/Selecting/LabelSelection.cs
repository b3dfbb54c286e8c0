using System.Globalization;
using k8s.Models;

namespace Dpf.Runtime.Selecting;

/// <summary>
/// What selectors mean: those of labels (meta/v1 LabelSelector) and those of nodes (v1 NodeSelector). Where no selector is given
/// everything is meant; who wants nothing then asks first. An operator that there is not selects nothing, and
/// <see cref="Problem(V1LabelSelector?)"/> says so.
/// </summary>
public static class LabelSelection
{
    private static readonly string[] Operators = ["In", "NotIn", "Exists", "DoesNotExist"];

    /// <summary>Whether labels satisfy a selector; none selects everything.</summary>
    public static bool Selects(this V1LabelSelector? selector, IDictionary<string, string>? labels) =>
        (selector?.MatchLabels ?? new Dictionary<string, string>()).All(l => Value(labels, l.Key) == l.Value) &&
        (selector?.MatchExpressions ?? []).All(e => Holds(e.OperatorProperty, e.Values, Value(labels, e.Key)));

    /// <summary>Whether a node satisfies a selector, that is one of its terms; none selects everything, one without terms nothing.</summary>
    public static bool Selects(this V1NodeSelector? selector, V1Node node) =>
        selector is null || (selector.NodeSelectorTerms ?? []).Any(t => t.Selects(node.Metadata.Name, key => Value(node.Metadata.Labels, key)));

    /// <summary>Whether a node of a name and with labels satisfies a term; an empty term selects nothing.</summary>
    public static bool Selects(this V1NodeSelectorTerm term, string node, Func<string, string?> label)
    {
        var (expressions, fields) = (term.MatchExpressions ?? [], term.MatchFields ?? []);
        return expressions.Count + fields.Count > 0 &&
            expressions.All(e => Holds(e.OperatorProperty, e.Values, label(e.Key))) &&
            fields.All(f => f.Key == "metadata.name" && Holds(f.OperatorProperty, f.Values, node));
    }

    /// <summary>What is wrong with a selector; null when nothing is.</summary>
    public static string? Problem(V1LabelSelector? selector) => selector?.MatchExpressions?.Select(Problem).FirstOrDefault(p => p is not null);

    /// <summary>What is wrong with one expression of a selector; null when nothing is.</summary>
    public static string? Problem(V1LabelSelectorRequirement requirement) => requirement switch
    {
        { OperatorProperty: var name } when !Operators.Contains(name) => $"'{name}' is no operator; use {string.Join(", ", Operators[..^1])} or {Operators[^1]}",
        { OperatorProperty: "In" or "NotIn", Values: not { Count: > 0 } } => $"{requirement.OperatorProperty} needs values",
        _ => null,
    };

    private static bool Holds(string name, IList<string>? values, string? actual) => name switch
    {
        "In" => actual is not null && values?.Contains(actual) == true,
        "NotIn" => actual is null || values?.Contains(actual) != true,
        "Exists" => actual is not null,
        "DoesNotExist" => actual is null,
        "Gt" => Number(actual) > Number(values?.FirstOrDefault()),
        "Lt" => Number(actual) < Number(values?.FirstOrDefault()),
        _ => false,
    };

    private static string? Value(IDictionary<string, string>? labels, string key) =>
        labels is not null && labels.TryGetValue(key, out var value) ? value : null;

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
