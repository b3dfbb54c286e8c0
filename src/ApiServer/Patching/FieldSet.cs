using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Patching;

/// <summary>
/// A set of field paths as a tree, in the terms of <c>fieldsV1</c>: steps are <c>f:name</c>, <c>k:{key}</c>, <c>v:value</c>.
/// </summary>
public sealed class FieldSet
{
    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>Whether the path to this node is itself in the set.</summary>
    public bool Owned { get; set; }

    /// <summary>What is below, by step.</summary>
    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    /// <summary>Whether neither the node nor anything below is in the set.</summary>
    public bool IsEmpty => !Owned && _children.Values.All(c => c.IsEmpty);

    /// <summary>The node below, made if it is not there.</summary>
    public FieldSet Child(string step)
    {
        if (!_children.TryGetValue(step, out var child))
        {
            _children[step] = child = new FieldSet();
        }

        return child;
    }

    /// <summary>The node below, or null.</summary>
    public FieldSet? Find(string step) => _children.GetValueOrDefault(step);

    /// <summary>Removes a step and all below it.</summary>
    public void Remove(string step) => _children.Remove(step);

    /// <summary>Reads <c>fieldsV1</c>.</summary>
    public static FieldSet Parse(JsonNode? fields)
    {
        var set = new FieldSet();
        foreach (var (step, below) in fields as JsonObject ?? [])
        {
            if (step == ".")
            {
                set.Owned = true;
            }
            else
            {
                var child = Parse(below);
                child.Owned |= child._children.Count == 0;
                set._children[step] = child;
            }
        }

        return set;
    }

    /// <summary>Writes <c>fieldsV1</c>.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (Owned && _children.Values.Any(c => !c.IsEmpty))
        {
            json["."] = new JsonObject();
        }

        foreach (var (step, child) in _children)
        {
            if (!child.IsEmpty)
            {
                json[step] = child.ToJson();
            }
        }

        return json;
    }

    /// <summary>What is in either.</summary>
    public static FieldSet Union(FieldSet left, FieldSet right)
    {
        var set = new FieldSet { Owned = left.Owned || right.Owned };
        foreach (var step in left._children.Keys.Union(right._children.Keys, StringComparer.Ordinal))
        {
            set._children[step] = Union(left.Find(step) ?? new FieldSet(), right.Find(step) ?? new FieldSet());
        }

        return set;
    }

    /// <summary>What is in both.</summary>
    public static FieldSet Intersect(FieldSet left, FieldSet right)
    {
        var set = new FieldSet { Owned = left.Owned && right.Owned };
        foreach (var (step, child) in left._children)
        {
            if (right.Find(step) is { } other && Intersect(child, other) is { IsEmpty: false } both)
            {
                set._children[step] = both;
            }
        }

        return set;
    }

    /// <summary>Whether a path is in both a set that is still <c>fieldsV1</c> and another.</summary>
    public static bool Overlap(JsonNode? fields, FieldSet set)
    {
        if (fields is not JsonObject map)
        {
            return false;
        }

        // As in Parse: a step that says nothing of itself or of what is below is in the set.
        return (set.Owned && (map.Count == 0 || map.ContainsKey("."))) ||
            set._children.Any(c => map.TryGetPropertyValue(c.Key, out var below) && Overlap(below ?? new JsonObject(), c.Value));
    }

    /// <summary>What is in the first but not in the second.</summary>
    public static FieldSet Except(FieldSet left, FieldSet right)
    {
        var set = new FieldSet { Owned = left.Owned && !right.Owned };
        foreach (var (step, child) in left._children)
        {
            var rest = right.Find(step) is { } other ? Except(child, other) : child;
            if (!rest.IsEmpty)
            {
                set._children[step] = rest;
            }
        }

        return set;
    }

    /// <summary>Whether both hold the same paths.</summary>
    public static bool Same(FieldSet left, FieldSet right) =>
        left.Owned == right.Owned &&
        left._children.All(c => right.Find(c.Key) is { } other ? Same(c.Value, other) : c.Value.IsEmpty) &&
        right._children.All(c => left._children.ContainsKey(c.Key) || c.Value.IsEmpty);

    /// <summary>The paths in the set, as people read them: <c>.spec.containers[name="a"].image</c>.</summary>
    public IEnumerable<string> Paths() => Paths("");

    private IEnumerable<string> Paths(string prefix)
    {
        if (Owned)
        {
            yield return prefix;
        }

        foreach (var (step, child) in _children)
        {
            foreach (var path in child.Paths(prefix + Show(step)))
            {
                yield return path;
            }
        }
    }

    private static string Show(string step) => step[..2] switch
    {
        "f:" => "." + step[2..],
        "k:" => "[" + string.Join(",", ((JsonObject)JsonNode.Parse(step[2..])!).Select(p =>
            $"{p.Key}={p.Value?.ToJsonString(Serving.JsonText.Relaxed) ?? "null"}")) + "]",
        "v:" => $"[={step[2..]}]",
        _ => $"[{step[2..]}]",
    };
}
