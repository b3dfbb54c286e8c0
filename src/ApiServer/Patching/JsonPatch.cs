using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Patching;

/// <summary>JSON patch (RFC 6902), as lenient as the API: replacing a missing field adds it.</summary>
public static class JsonPatch
{
    private const int Limit = 10_000;

    /// <summary>Applies a patch to a copy of the value.</summary>
    /// <exception cref="ApiException">The patch does not apply.</exception>
    public static JsonNode? Apply(JsonNode value, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw ApiErrors.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoKind(patch)} into Go value of type []handlers.jsonPatchOp");
        }

        if (operations.Count > Limit)
        {
            throw new ApiException(
                413,
                "RequestEntityTooLarge",
                $"The allowed maximum operations in a JSON patch is {Limit}, got {operations.Count}");
        }

        JsonNode? root = value.DeepClone();
        foreach (var operation in operations.OfType<JsonObject>())
        {
            var path = Steps(operation.Text("path"));
            switch (operation.Text("op"))
            {
                case "add":
                    root = Put(root, path, operation["value"]?.DeepClone(), insert: true);
                    break;
                case "replace":
                    root = Put(root, path, operation["value"]?.DeepClone(), insert: false);
                    break;
                case "remove":
                    Take(root, path);
                    break;
                case "move":
                    root = Put(root, path, Take(root, Steps(operation.Text("from"))), insert: true);
                    break;
                case "copy":
                    root = Put(root, path, Get(root, Steps(operation.Text("from")))?.DeepClone(), insert: true);
                    break;
                case "test" when TypedValues.Same(Find(root, path), operation["value"]):
                    break;
                default:
                    throw Rejected();
            }
        }

        return root;
    }

    internal static string GoKind(JsonNode? node) => node switch
    {
        null => "null",
        JsonArray => "array",
        JsonObject => "object",
        _ => node.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => "string",
            System.Text.Json.JsonValueKind.Number => "number",
            _ => "bool",
        },
    };

    private static ApiException Rejected() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request") { HasDetails = true };

    private static string[] Steps(string? pointer) => pointer switch
    {
        "" => [],
        not null when pointer[0] == '/' => [.. pointer[1..].Split('/').Select(Unescape)],
        _ => throw Rejected(),
    };

    private static string Unescape(string step) =>
        step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static JsonNode? Find(JsonNode? node, string[] path)
    {
        foreach (var step in path)
        {
            node = node switch
            {
                JsonObject map => map[step],
                JsonArray list when Index(step, list.Count) is { } at && at < list.Count => list[at],
                _ => null,
            };
        }

        return node;
    }

    private static JsonNode? Get(JsonNode? root, string[] path)
    {
        if (path.Length == 0)
        {
            return root;
        }

        return Find(root, path[..^1]) switch
        {
            JsonObject map when map.ContainsKey(path[^1]) => map[path[^1]],
            JsonArray list when Index(path[^1], list.Count) is { } at && at < list.Count => list[at],
            _ => throw Rejected(),
        };
    }

    private static JsonNode? Take(JsonNode? root, string[] path)
    {
        var taken = Get(root, path);
        switch (path.Length == 0 ? null : Find(root, path[..^1]))
        {
            case JsonObject map:
                map.Remove(path[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count)!.Value);
                break;
            default:
                throw Rejected();
        }

        return taken;
    }

    private static JsonNode? Put(JsonNode? root, string[] path, JsonNode? value, bool insert)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (Find(root, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when insert && Index(path[^1], list.Count) is { } at && at <= list.Count:
                list.Insert(at, value);
                break;
            case JsonArray list when !insert && Index(path[^1], list.Count) is { } at && at < list.Count:
                list[at] = value;
                break;
            default:
                throw Rejected();
        }

        return root;
    }

    private static int? Index(string step, int count)
    {
        if (step == "-")
        {
            return count;
        }

        return int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at)
            ? at < 0 && at + count >= 0 ? at + count : at < 0 ? null : at
            : null;
    }
}
