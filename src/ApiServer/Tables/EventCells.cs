using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The cells of events, which two groups serve under different names.</summary>
internal static class EventCells
{
    public static IReadOnlyList<Column> Columns(Func<string?, string> since)
    {
        string First(JsonObject o) => since(Either(o, "firstTimestamp", "deprecatedFirstTimestamp").Text() ?? o.Text("eventTime"));
        return
        [
            new("Last Seen", o => (o.Text("series", "lastObservedTime") ?? Either(o, "lastTimestamp", "deprecatedLastTimestamp").Text()) is { } last ? since(last) : First(o)),
            new("Type", o => o.Text("type")), new("Reason", o => o.Text("reason")), new("Object", Object),
            new("Subobject", o => Either(o, "involvedObject", "regarding").Text("fieldPath") ?? "", Wide: true), new("Source", Source, Wide: true),
            new("Message", o => Either(o, "message", "note").Text()?.Trim()), new("First Seen", o => First(o), Wide: true),
            new("Count", o => o.Number("series", "count") ?? Math.Max(1, Either(o, "count", "deprecatedCount").Number() ?? 0), Wide: true, Type: "integer"),
            new("Name", o => o.Name(), Wide: true),
        ];
    }

    private static JsonNode? Either(JsonObject o, string core, string other) => o[core] ?? o[other];

    private static JsonNode Object(JsonObject o)
    {
        var about = Either(o, "involvedObject", "regarding");
        var kind = about.Text("kind")?.ToLowerInvariant() ?? "";
        return about.Text("name") is { Length: > 0 } name ? $"{kind}/{name}" : kind;
    }

    private static JsonNode Source(JsonObject o)
    {
        var source = Either(o, "source", "deprecatedSource");
        string?[] parts =
        [
            source.Text("component") is { Length: > 0 } component ? component : Either(o, "reportingComponent", "reportingController").Text(),
            source.Text("host") is { Length: > 0 } host ? host : o.Text("reportingInstance"),
        ];
        return string.Join(", ", parts.Where(p => p?.Length > 0));
    }
}
