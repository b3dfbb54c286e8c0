using System.Text.Json;

namespace Dpf.ApiServer.Serving;

/// <summary>A condition on fields, e.g. <c>metadata.name=a,status.phase!=Running</c>.</summary>
public sealed class FieldSelector
{
    private readonly List<(string Path, string[] Steps, bool Equal, string Value)> _terms = [];

    /// <summary>Whether every object matches.</summary>
    public bool IsEmpty => _terms.Count == 0;

    /// <summary>The name that an object must have, if there is one.</summary>
    public string? Name => Exact("metadata.name");

    /// <summary>The namespace that an object must have, if there is one.</summary>
    public string? Namespace => Exact("metadata.namespace");

    /// <summary>Reads the text form for a resource.</summary>
    /// <exception cref="ApiException">It is no selector, or names a field that can not be selected by.</exception>
    public static FieldSelector Parse(string? text, ResourceDefinition definition)
    {
        var selector = new FieldSelector();
        foreach (var term in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw ApiErrors.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            }

            var equal = term[at - 1] != '!';
            var path = (equal ? term[..at] : term[..(at - 1)]).Trim();
            var value = term[(at + 1)..].TrimStart('=').Trim();
            if (path == "spec.host" && definition is { Kind: "Pod", Group: "" })
            {
                path = "spec.nodeName";
            }

            if (path != "metadata.name" && !(path == "metadata.namespace" && definition.Namespaced) &&
                !definition.SelectableFields.Contains(path))
            {
                throw ApiErrors.BadRequest(definition.IsCustom
                    ? $"field label not supported: {path}"
                    : $"\"{path}\" is not a known field selector: only \"metadata.name\"" +
                      (definition.Namespaced ? ", \"metadata.namespace\"" : ""));
            }

            selector._terms.Add((path, path.Split('.'), equal, value));
        }

        return selector;
    }

    /// <summary>The name that a selector's text asks for, whatever else it says; null for none.</summary>
    internal static string? NameIn(string? text) => (text ?? "").Split(',')
        .Select(t => t.Split('=', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        .FirstOrDefault(t => t is ["metadata.name", _])?[1];

    internal bool Matches(JsonElement root)
    {
        foreach (var (_, steps, equal, value) in _terms)
        {
            if (string.Equals(TextAt(root, steps), value, StringComparison.Ordinal) != equal)
            {
                return false;
            }
        }

        return true;
    }

    private string? Exact(string path)
    {
        foreach (var term in _terms)
        {
            if (term.Path == path && term.Equal)
            {
                return term.Value;
            }
        }

        return null;
    }

    private static string TextAt(JsonElement node, string[] steps)
    {
        foreach (var step in steps)
        {
            if (node.ValueKind != JsonValueKind.Object || !node.TryGetProperty(step, out node))
            {
                return steps is ["spec", "unschedulable"] or ["spec", "hostNetwork"] ? "false" : "";
            }
        }

        return node.ValueKind switch
        {
            JsonValueKind.String => node.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => node.GetRawText(),
            JsonValueKind.Array => string.Join(',', node.EnumerateArray().Select(TextOf)),
            _ => "",
        };
    }

    private static string TextOf(JsonElement item) => item.ValueKind switch
    {
        JsonValueKind.String => item.GetString()!,
        JsonValueKind.Object when item.TryGetProperty("ip", out var ip) => ip.GetString() ?? "",
        _ => item.GetRawText(),
    };
}
