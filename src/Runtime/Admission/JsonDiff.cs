using System.Text.Json.Nodes;

namespace Dpf.Runtime.Admission;

/// <summary>The JSON patch (RFC 6902) that turns one object into another; arrays that differ are replaced whole.</summary>
public static class JsonDiff
{
    /// <summary>The operations, empty when both are equal.</summary>
    public static JsonArray Between(JsonNode? before, JsonNode? after)
    {
        var operations = new JsonArray();
        Compare("", before, after, operations);
        return operations;
    }

    private static void Compare(string path, JsonNode? before, JsonNode? after, JsonArray operations)
    {
        if (before is JsonObject left && after is JsonObject right)
        {
            foreach (var (key, _) in left)
            {
                if (!right.ContainsKey(key))
                {
                    operations.Add(Operation("remove", path, key));
                }
            }

            foreach (var (key, value) in right)
            {
                if (!left.ContainsKey(key))
                {
                    var add = Operation("add", path, key);
                    add["value"] = value?.DeepClone();
                    operations.Add(add);
                }
                else
                {
                    Compare($"{path}/{Escape(key)}", left[key], value, operations);
                }
            }
        }
        else if (!JsonNode.DeepEquals(before, after))
        {
            operations.Add(new JsonObject { ["op"] = "replace", ["path"] = path, ["value"] = after?.DeepClone() });
        }
    }

    private static JsonObject Operation(string op, string path, string key) => new() { ["op"] = op, ["path"] = $"{path}/{Escape(key)}" };

    private static string Escape(string key) =>
        key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
