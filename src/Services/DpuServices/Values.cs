using System.Text.Json.Nodes;

namespace Dpf.Services.DpuServices;

/// <summary>Helm values as Helm merges them.</summary>
public static class Values
{
    /// <summary>
    /// Lays <paramref name="over"/> over <paramref name="under"/>: tables are merged key by key, everything else is taken whole from
    /// <paramref name="over"/>, an explicit null included.
    /// </summary>
    public static JsonObject Merge(JsonObject? over, JsonObject? under)
    {
        var result = (JsonObject?)over?.DeepClone() ?? [];
        foreach (var (key, value) in under ?? [])
        {
            if (!result.ContainsKey(key))
            {
                result[key] = value?.DeepClone();
            }
            else if (result[key] is JsonObject table && value is JsonObject other)
            {
                result[key] = Merge(table, other);
            }
        }

        return result;
    }
}
