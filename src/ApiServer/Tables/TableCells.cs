using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The columns of built-in kinds.</summary>
internal sealed partial class TableCells(TimeProvider time)
{
    /// <summary>The time since the object was made.</summary>
    public Column Age => new("Age", o => Since(o.Text("metadata", "creationTimestamp")));

    /// <summary>The time since a timestamp.</summary>
    public string Since(string? timestamp) => Time(timestamp) is { } then ? Ages.Show(time.GetUtcNow() - then) : "<unknown>";

    /// <summary>All columns: the name and the kind's own. Of an event the name matters least, and is the last of its own.</summary>
    public IReadOnlyList<Column> Of(GroupResource resource)
    {
        var own = Own(resource) ?? [Age];
        return resource.Resource == "events" ? own : [Name(resource), .. own];
    }

    /// <summary>The columns that the kind has of its own; null when there is nothing but the age.</summary>
    public IReadOnlyList<Column>? Own(GroupResource resource) =>
        Workloads(resource) ?? Networking(resource) ?? Storage(resource) ?? Cluster(resource);

    /// <summary>The name, with a word to that class which is taken where none is said.</summary>
    public static Column Name(GroupResource resource)
    {
        var annotation = resource.ToString() switch
        {
            "storageclasses.storage.k8s.io" => "storageclass.kubernetes.io/is-default-class",
            "ingressclasses.networking.k8s.io" => "ingressclass.kubernetes.io/is-default-class",
            _ => null,
        };
        return new("Name", o => annotation is not null && o.Text("metadata", "annotations", annotation) == "true" ? o.Name() + " (default)" : o.Name());
    }

    private static DateTimeOffset? Time(string? timestamp) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var then) ? then : null;

    private static Column Boolean(string name, params string[] path) => new(name, o => o.Flag(path), Type: "boolean");

    private static Column Numeric(string name, string field) => new(name, o => Count(o, field), Type: "integer");

    /// <summary>A number or a text as text.</summary>
    private static string? Plain(JsonNode? value) => value.Text() ?? value?.ToJsonString();

    private static long Count(JsonObject o, string field) => o.Number("status", field) ?? 0;

    private static bool Condition(JsonObject o, string type) =>
        o.Objects("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");

    private static string Qualified(string? kind, string? group) => group is { Length: > 0 } ? $"{kind}.{group}" : kind ?? "";

    private static string Join(IEnumerable<string?> texts) => string.Join(',', texts) is { Length: > 0 } joined ? joined : "<none>";

    private static string Labels(JsonNode? labels) =>
        labels is JsonObject { Count: > 0 } map ? string.Join(',', map.Select(l => $"{l.Key}={l.Value}")) : "<none>";
}
