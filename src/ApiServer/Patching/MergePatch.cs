using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Patching;

/// <summary>JSON merge patch (RFC 7386).</summary>
public static class MergePatch
{
    /// <summary>Applies a patch to a copy of the value.</summary>
    /// <exception cref="ApiException">The patch is no object.</exception>
    public static JsonObject Apply(JsonObject value, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            throw ApiErrors.BadRequest(
                $"error decoding patch: json: cannot unmarshal {JsonPatch.GoKind(patch)} into Go value of type map[string]interface {{}}");
        }

        var result = value.Copy();
        Merge(result, changes);
        return result;
    }

    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach (var (name, change) in changes)
        {
            switch (change)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject below:
                    Merge(target.Map(name), below);
                    break;
                default:
                    target[name] = change.DeepClone();
                    break;
            }
        }
    }
}
