using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Patching;

/// <summary>
/// Strategic merge patch: lists merge by a key that the schema names, and <c>$patch</c>, <c>$retainKeys</c>,
/// <c>$setElementOrder/…</c> and <c>$deleteFromPrimitiveList/…</c> direct the merge.
/// </summary>
public static class StrategicMergePatch
{
    private const string Order = "$setElementOrder/";
    private const string Delete = "$deleteFromPrimitiveList/";

    /// <summary>Applies a patch to a copy of the value.</summary>
    /// <exception cref="ApiException">The patch does not apply.</exception>
    public static JsonObject Apply(JsonObject value, JsonNode? patch, StructuralSchema? schema)
    {
        if (patch is not JsonObject changes)
        {
            throw ApiErrors.BadRequest(
                $"error decoding patch: json: cannot unmarshal {JsonPatch.GoKind(patch)} into Go value of type map[string]interface {{}}");
        }

        return Merge(value.Copy(), changes, schema, root: true) ?? [];
    }

    private static JsonObject? Merge(JsonObject target, JsonObject patch, StructuralSchema? schema, bool root = false)
    {
        switch (patch["$patch"])
        {
            case null:
                break;
            case var replace when replace.Text() == "replace":
                return Clean(patch);
            case var delete when delete.Text() == "delete":
                return null;
            case var merge when merge.Text() == "merge":
                break;
            case var other:
                throw new ApiException(500, null, $"unknown patch type: {other.Text()} in map: {GoMap(patch)}");
        }

        foreach (var (name, change) in patch)
        {
            if (name is "$patch" or "$retainKeys" || name.StartsWith(Order, StringComparison.Ordinal))
            {
                continue;
            }

            if (name.StartsWith(Delete, StringComparison.Ordinal))
            {
                DeleteValues(target, name[Delete.Length..], change as JsonArray ?? []);
                continue;
            }

            var field = TypedValues.Field(schema, name, root);
            switch (change)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject below:
                    SetOrRemove(target, name, Merge(target[name] as JsonObject is { } old ? old.Copy() : [], below, field));
                    break;
                case JsonArray list when MergesList(field):
                    target[name] = MergeList(
                        target[name] as JsonArray ?? [], list, patch[Order + name] as JsonArray, field!);
                    break;
                default:
                    target[name] = change.DeepClone();
                    break;
            }
        }

        // An order may come without changes of the list's elements.
        foreach (var (name, order) in patch)
        {
            if (name.StartsWith(Order, StringComparison.Ordinal) && !patch.ContainsKey(name[Order.Length..]) &&
                target[name[Order.Length..]] is JsonArray list && order is JsonArray wanted)
            {
                var field = TypedValues.Field(schema, name[Order.Length..], root);
                target[name[Order.Length..]] = Arrange([.. list.Select(i => i?.DeepClone())], wanted, field?.PatchMergeKey);
            }
        }

        if (patch["$retainKeys"] is JsonArray retained)
        {
            var names = retained.Texts().ToHashSet(StringComparer.Ordinal);
            foreach (var name in target.Select(p => p.Key).Where(n => !names.Contains(n)).ToList())
            {
                target.Remove(name);
            }
        }

        return target;
    }

    private static bool MergesList(StructuralSchema? schema) =>
        schema?.PatchStrategy is { } strategy && strategy.Contains("merge", StringComparison.Ordinal);

    private static void SetOrRemove(JsonObject target, string name, JsonObject? value)
    {
        if (value is null)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = value;
        }
    }

    private static JsonArray MergeList(JsonArray live, JsonArray patch, JsonArray? order, StructuralSchema schema)
    {
        if (schema.PatchMergeKey is not { Length: > 0 } key)
        {
            var union = live.Select(i => i?.DeepClone()).ToList();
            union.AddRange(patch.Where(p => !live.Any(l => TypedValues.Same(l, p))).Select(p => p?.DeepClone()));
            return Arrange(union, order, null);
        }

        if (patch.OfType<JsonObject>().Any(p => p.Text("$patch") == "replace"))
        {
            return [.. patch.OfType<JsonObject>().Where(p => p.Text("$patch") != "replace").Select(p => p.DeepClone())];
        }

        var items = live.Select(i => i?.DeepClone()).ToList();
        foreach (var change in patch.OfType<JsonObject>())
        {
            if (change[key] is not { } id)
            {
                throw new ApiException(500, null, $"map: {GoMap(change)} does not contain declared merge key: {key}");
            }

            var at = items.FindIndex(i => i is JsonObject item && TypedValues.Same(item[key], id));
            switch (change.Text("$patch"))
            {
                case "delete":
                    items.RemoveAll(i => i is JsonObject item && TypedValues.Same(item[key], id));
                    break;
                default:
                    var merged = Merge(at < 0 ? [] : items[at]!.AsObject().Copy(), change, schema.Items);
                    if (at < 0)
                    {
                        items.Add(merged);
                    }
                    else
                    {
                        items[at] = merged;
                    }

                    break;
            }
        }

        return Arrange(items, order, key);
    }

    /// <summary>Puts listed items into the listed order; others stay behind the item that they followed.</summary>
    private static JsonArray Arrange(List<JsonNode?> items, JsonArray? order, string? key)
    {
        if (order is null)
        {
            return [.. items];
        }

        var rank = items
            .Select(item => order.ToList().FindIndex(o => TypedValues.Same(Id(o, key), Id(item, key))))
            .ToList();
        var listed = new Queue<JsonNode?>(items
            .Select((item, i) => (Item: item, Rank: rank[i]))
            .Where(p => p.Rank >= 0)
            .OrderBy(p => p.Rank)
            .Select(p => p.Item));
        var result = new JsonArray();
        for (var i = 0; i < items.Count; i++)
        {
            result.Add(rank[i] >= 0 ? listed.Dequeue() : items[i]);
        }

        return result;
    }

    private static JsonNode? Id(JsonNode? item, string? key) => key is not null && item is JsonObject map ? map[key] : item;

    private static void DeleteValues(JsonObject target, string name, JsonArray values)
    {
        if (target[name] is JsonArray list)
        {
            target[name] = new JsonArray(
                [.. list.Where(i => !values.Any(v => TypedValues.Same(i, v))).Select(i => i?.DeepClone())]);
        }
    }

    private static JsonObject Clean(JsonObject patch)
    {
        var clean = patch.Copy();
        clean.Remove("$patch");
        return clean;
    }

    private static string GoMap(JsonObject map) => "map[" + string.Join(
        ' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{p.Value.Text() ?? p.Value?.ToJsonString()}")) + "]";
}
