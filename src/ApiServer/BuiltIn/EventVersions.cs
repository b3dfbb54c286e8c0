using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.BuiltIn;

/// <summary>Events in their two groups: one stored object, other names for a few of its fields.</summary>
internal static class EventVersions
{
    private static readonly (string Core, string New)[] Names =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("reportingComponent", "reportingController"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ];

    public static void FromCore(JsonObject value)
    {
        foreach (var (core, name) in Names)
        {
            Rename(value, core, name);
        }
    }

    public static void ToCore(JsonObject value)
    {
        foreach (var (core, name) in Names)
        {
            Rename(value, name, core);
        }

        value["kind"] = "Event";
        value.Default("involvedObject", new JsonObject());
    }

    private static void Rename(JsonObject value, string from, string to)
    {
        if (value.Remove(from, out var node) && node is not null)
        {
            value[to] = node;
        }
    }
}
