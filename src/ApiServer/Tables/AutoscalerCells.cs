using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>What a horizontal pod autoscaler aims at, and where it is: <c>cpu: 10%/80%</c>.</summary>
internal static class AutoscalerCells
{
    private const int Shown = 2;
    private const string Unknown = "<unknown>";

    public static JsonNode Targets(JsonObject o)
    {
        var current = o.Objects("status", "currentMetrics").ToList();
        var targets = o.Objects("spec", "metrics").Select((metric, at) => Target(metric, at < current.Count ? current[at] : null)).ToList();
        return targets.Count == 0 ? "<none>"
            : string.Join(", ", targets.Take(Shown)) + (targets.Count > Shown ? $" + {targets.Count - Shown} more..." : "");
    }

    private static string Target(JsonObject metric, JsonObject? current)
    {
        var type = metric.Text("type") ?? "";
        var field = type.Length > 0 ? char.ToLowerInvariant(type[0]) + type[1..] : "";
        var (wanted, now) = (metric.At(field, "target"), current.At(field, "current"));
        var name = type is "Resource" or "ContainerResource" ? metric.Text(field, "name") + ": " : "";
        if (wanted.Number("averageUtilization") is { } percent)
        {
            return $"{name}{(now.Number("averageUtilization") is { } used ? $"{used}%" : Unknown)}/{percent}%";
        }

        return wanted.Text("averageValue") is { } average
            ? $"{name}{now.Text("averageValue") ?? Unknown}/{average}{(type is "Object" or "External" ? " (avg)" : "")}"
            : $"{name}{now.Text("value") ?? Unknown}/{wanted.Text("value")}";
    }
}
