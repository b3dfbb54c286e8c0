using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Garbage;

/// <summary>Says what keeps a namespace from ending, in the conditions that Kubernetes has for it; pure.</summary>
internal static class NamespaceRemains
{
    /// <summary>The conditions for what is left, and their words, which tell whether they are news.</summary>
    public static (JsonArray Conditions, string Words) Conditions(IReadOnlyList<(GroupResource Resource, StoredObject Object)> left, DateTimeOffset now)
    {
        var content = Instances(left.GroupBy(l => l.Resource.ToString(), StringComparer.Ordinal), "has");
        var held = left.SelectMany(l => l.Object.ToObject().Texts("metadata", "finalizers")).ToList();
        var finalizers = Instances(held.GroupBy(f => f, StringComparer.Ordinal), "in");
        var conditions = new JsonArray
        {
            Condition("NamespaceContentRemaining", true, "SomeResourcesRemain", $"Some resources are remaining: {content}", now),
            held.Count > 0
                ? Condition("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {finalizers}", now)
                : Condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished", now),
        };
        return (conditions, content + finalizers);
    }

    /// <summary>Puts conditions in the place of those of the same types; since when they hold stays where nothing but words changed.</summary>
    public static JsonObject Lay(JsonObject value, JsonArray conditions)
    {
        value.Map("metadata").Remove("resourceVersion");
        var before = value.Objects("status", "conditions").ToList();
        var merged = new JsonArray([.. before.Where(b => !conditions.Any(c => c.Text("type") == b.Text("type"))).Select(b => b.DeepClone())]);
        foreach (var condition in conditions.OfType<JsonObject>().Select(c => c.Copy()))
        {
            if (before.Find(b => b.Text("type") == condition.Text("type") && b.Text("status") == condition.Text("status")) is { } same)
            {
                condition["lastTransitionTime"] = same.Text("lastTransitionTime");
            }

            merged.Add((JsonNode)condition);
        }

        value.Map("status")["conditions"] = merged;
        return value;
    }

    private static string Instances<T>(IEnumerable<IGrouping<string, T>> groups, string verb) => string.Join(
        ", ", groups.OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key} {verb} {g.Count()} resource instances")));

    private static JsonObject Condition(string type, bool status, string reason, string message, DateTimeOffset now) => new()
    {
        ["type"] = type, ["status"] = status ? "True" : "False", ["reason"] = reason, ["message"] = message, ["lastTransitionTime"] = Timestamp.Text(now),
    };
}
