using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Patching;

/// <summary>
/// Values looked at through a schema that tells which lists are sets or maps and which maps are one piece: what fields
/// they have, how two differ, how one merges into another.
/// </summary>
public static class TypedValues
{
    /// <summary>How <c>metadata</c> of any object merges.</summary>
    public static readonly StructuralSchema Metadata = new()
    {
        Type = "object",
        Properties =
        {
            ["labels"] = new() { Type = "object", AdditionalProperties = new() { Type = "string" } },
            ["annotations"] = new() { Type = "object", AdditionalProperties = new() { Type = "string" } },
            ["finalizers"] = new()
            {
                Type = "array", ListType = "set", PatchStrategy = "merge", Items = new() { Type = "string" },
            },
            ["ownerReferences"] = new()
            {
                Type = "array",
                ListType = "map",
                ListMapKeys = ["uid"],
                PatchStrategy = "merge",
                PatchMergeKey = "uid",
                Items = new() { Type = "object", MapType = "atomic" },
            },
        },
    };

    private static readonly HashSet<string> Untracked = new(StringComparer.Ordinal)
    {
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
        "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
    };

    /// <summary>Whether a field belongs to no manager: what identifies an object, and what the server says of it.</summary>
    private static bool IsUntracked(StructuralSchema? schema, string name, bool root) => root
        ? name is "apiVersion" or "kind"
        : ReferenceEquals(schema, Metadata) && Untracked.Contains(name);

    /// <summary>The schema of a field.</summary>
    public static StructuralSchema? Field(StructuralSchema? schema, string name, bool root = false) =>
        root && name == "metadata" ? Metadata
        : schema is null ? null
        : schema.Properties.TryGetValue(name, out var field) ? field
        : schema.AdditionalProperties;

    /// <summary>Whether a map merges field by field.</summary>
    public static bool IsGranular(StructuralSchema? schema) => schema?.MapType != "atomic";

    /// <summary>Whether elements of a list have an identity.</summary>
    public static bool IsAssociative(StructuralSchema? schema) => schema?.ListType is "set" or "map";

    /// <summary>The step that names an element of an associative list; null: the element has no key.</summary>
    public static string? Step(JsonNode? item, StructuralSchema schema)
    {
        if (schema.ListType == "set")
        {
            return "v:" + (item?.ToJsonString(JsonText.Relaxed) ?? "null");
        }

        if (item is not JsonObject map)
        {
            return null;
        }

        var key = new JsonObject();
        foreach (var name in schema.ListMapKeys.Order(StringComparer.Ordinal))
        {
            var value = map.TryGetPropertyValue(name, out var own) && own is not null
                ? own
                : schema.Items is { } items && items.Properties.TryGetValue(name, out var field) ? field.Default : null;
            if (value is not null)
            {
                key[name] = value.DeepClone();
            }
        }

        return key.Count == 0 ? null : "k:" + key.ToJsonString(JsonText.Relaxed);
    }

    /// <summary>
    /// Adds the fields of a value to a set, but for what no manager owns. With <paramref name="containers"/> maps and lists count themselves
    /// as well.
    /// </summary>
    public static void Collect(JsonNode? value, StructuralSchema? schema, FieldSet set, bool containers, bool root = false)
    {
        if (value is JsonObject map && map.Count > 0 && IsGranular(schema))
        {
            set.Owned |= containers && !root && !ReferenceEquals(schema, Metadata);
            foreach (var (name, field) in map)
            {
                if (!IsUntracked(schema, name, root))
                {
                    Collect(field, Field(schema, name, root), set.Child("f:" + name), containers);
                }
            }
        }
        else if (value is JsonArray list && list.Count > 0 && IsAssociative(schema))
        {
            set.Owned |= containers;
            foreach (var item in list)
            {
                if (Step(item, schema!) is { } step)
                {
                    var child = set.Child(step);
                    child.Owned = true;
                    if (schema!.ListType == "map" && IsGranular(schema.Items))
                    {
                        Collect(item, schema.Items, child, containers);
                    }
                }
            }
        }
        else if (!root && !ReferenceEquals(schema, Metadata))
        {
            set.Owned = true;
        }
    }

    /// <summary>How a value became another, but for what no manager owns: what changed or is new, and what is gone.</summary>
    public static (FieldSet Changed, FieldSet Removed) Compare(JsonObject before, JsonObject after, StructuralSchema? schema)
    {
        var (changed, removed) = (new FieldSet(), new FieldSet());
        CompareMaps(before, after, schema, changed, removed, root: true);
        return (changed, removed);
    }

    /// <summary>The live value with an applied one laid over it.</summary>
    public static JsonNode? Merge(JsonNode? live, JsonNode? applied, StructuralSchema? schema, bool root = false)
    {
        if (live is JsonObject liveMap && applied is JsonObject appliedMap && IsGranular(schema))
        {
            var merged = liveMap.Copy();
            foreach (var (name, value) in appliedMap)
            {
                merged[name] = liveMap.TryGetPropertyValue(name, out var old)
                    ? Merge(old, value, Field(schema, name, root))
                    : value?.DeepClone();
            }

            return merged;
        }

        return live is JsonArray liveList && applied is JsonArray appliedList && IsAssociative(schema)
            ? MergeLists(liveList, appliedList, schema!)
            : applied?.DeepClone();
    }

    /// <summary>
    /// Removes from a value what is in <paramref name="gone"/> but not, nor anything below it, in <paramref name="kept"/>.
    /// </summary>
    public static void Prune(JsonNode? value, StructuralSchema? schema, FieldSet gone, FieldSet kept, bool root = false)
    {
        foreach (var (step, below) in gone.Children)
        {
            var keep = kept.Find(step);
            if (value is JsonObject map && step.StartsWith("f:", StringComparison.Ordinal))
            {
                var name = step[2..];
                if (keep is null || keep.IsEmpty)
                {
                    map.Remove(name);
                }
                else if (map.TryGetPropertyValue(name, out var field))
                {
                    Prune(field, Field(schema, name, root), below, keep);
                }
            }
            else if (value is JsonArray list && schema is not null && IsAssociative(schema))
            {
                for (var i = list.Count - 1; i >= 0; i--)
                {
                    if (Step(list[i], schema) == step)
                    {
                        if (keep is null || keep.IsEmpty)
                        {
                            list.RemoveAt(i);
                        }
                        else
                        {
                            Prune(list[i], schema.Items, below, keep);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The first element of an associative list that is there twice, as a path and a key, or null.</summary>
    public static string? FindDuplicate(JsonNode? value, StructuralSchema? schema, string path = "", bool root = true)
    {
        if (value is JsonObject map)
        {
            foreach (var (name, field) in map)
            {
                if (FindDuplicate(field, Field(schema, name, root), $"{path}.{name}", false) is { } found)
                {
                    return found;
                }
            }
        }
        else if (value is JsonArray list && schema is not null && IsAssociative(schema))
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var item in list)
            {
                var step = Step(item, schema);
                if (step is not null && !seen.Add(step))
                {
                    var one = new FieldSet();
                    one.Child(step).Owned = true;
                    return $"{path}: duplicate entries for key {one.Paths().First()}";
                }

                if (FindDuplicate(item, schema.Items, path + "[]", false) is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private static void CompareMaps(
        JsonObject before, JsonObject after, StructuralSchema? schema, FieldSet changed, FieldSet removed, bool root)
    {
        foreach (var (name, old) in before)
        {
            if (IsUntracked(schema, name, root))
            {
                continue;
            }

            var step = "f:" + name;
            var field = Field(schema, name, root);
            if (!after.TryGetPropertyValue(name, out var now))
            {
                Collect(old, field, removed.Child(step), containers: true);
            }
            else
            {
                CompareValues(old, now, field, changed, removed, step);
            }
        }

        foreach (var (name, now) in after)
        {
            if (!before.ContainsKey(name) && !IsUntracked(schema, name, root))
            {
                Collect(now, Field(schema, name, root), changed.Child("f:" + name), containers: true);
            }
        }
    }

    private static void CompareValues(
        JsonNode? old, JsonNode? now, StructuralSchema? schema, FieldSet changed, FieldSet removed, string step)
    {
        if (old is JsonObject oldMap && now is JsonObject nowMap && IsGranular(schema))
        {
            CompareMaps(oldMap, nowMap, schema, changed.Child(step), removed.Child(step), root: false);
        }
        else if (old is JsonArray oldList && now is JsonArray nowList && IsAssociative(schema))
        {
            CompareLists(oldList, nowList, schema!, changed.Child(step), removed.Child(step));
        }
        else if (!Same(old, now))
        {
            if (now is JsonObject or JsonArray && old is null)
            {
                Collect(now, schema, changed.Child(step), containers: true);
            }
            else
            {
                changed.Child(step).Owned = true;
            }
        }
    }

    private static void CompareLists(
        JsonArray before, JsonArray after, StructuralSchema schema, FieldSet changed, FieldSet removed)
    {
        var (old, now) = (ByStep(before, schema), ByStep(after, schema));
        foreach (var (step, item) in old)
        {
            if (!now.TryGetValue(step, out var other))
            {
                var child = removed.Child(step);
                Collect(item, schema.Items, child, containers: true);
                child.Owned = true;
            }
            else if (schema.ListType == "map")
            {
                CompareValues(item, other, schema.Items, changed, removed, step);
            }
        }

        foreach (var (step, item) in now)
        {
            if (!old.ContainsKey(step))
            {
                var child = changed.Child(step);
                if (schema.ListType == "map")
                {
                    Collect(item, schema.Items, child, containers: true);
                }

                child.Owned = true;
            }
        }
    }

    private static JsonArray MergeLists(JsonArray live, JsonArray applied, StructuralSchema schema)
    {
        var (old, now) = (ByStep(live, schema), ByStep(applied, schema));
        var merged = new JsonArray();
        var next = 0;
        var order = now.Keys.ToList();
        foreach (var (step, item) in old)
        {
            if (!now.ContainsKey(step))
            {
                merged.Add(item?.DeepClone());
                continue;
            }

            // The applied order counts among applied elements; live ones keep their place before the next shared one.
            var until = order.IndexOf(step);
            while (next <= until)
            {
                Add(order[next++]);
            }
        }

        while (next < order.Count)
        {
            Add(order[next++]);
        }

        return merged;

        void Add(string step) => merged.Add(
            old.TryGetValue(step, out var was) && schema.ListType == "map"
                ? Merge(was, now[step], schema.Items)
                : now[step]?.DeepClone());
    }

    private static Dictionary<string, JsonNode?> ByStep(JsonArray list, StructuralSchema schema)
    {
        var items = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            items.TryAdd(Step(list[i], schema) ?? "i:" + i, list[i]);
        }

        return items;
    }

    /// <summary>Whether two values are equal; numbers by value.</summary>
    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right) ||
        (left is JsonValue a && right is JsonValue b && a.GetValueKind() == JsonValueKind.Number &&
            b.GetValueKind() == JsonValueKind.Number &&
            a.ToJsonString() == b.ToJsonString());
}
