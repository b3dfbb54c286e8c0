using System.Text.Json.Nodes;

namespace Dpf.Runtime.Clusters;

/// <summary>Whether an object in a cluster says all that is wanted of it: pure.</summary>
public static class Containment
{
    /// <summary>
    /// Whether one value holds another. Tables may hold more than is wanted (defaults, what others added); lists must have as many elements, each of which
    /// holds the wanted one.
    /// </summary>
    public static bool Holds(JsonNode? live, JsonNode? wanted) => wanted switch
    {
        null => live is null,
        JsonObject table => live is JsonObject other
            ? table.All(field => Holds(other[field.Key], field.Value))
            : live is null && table.Count == 0,
        JsonArray list => live is JsonArray other
            ? other.Count == list.Count && list.Zip(other).All(pair => Holds(pair.Second, pair.First))
            : live is null && list.Count == 0,
        _ => JsonNode.DeepEquals(live, wanted),
    };
}
