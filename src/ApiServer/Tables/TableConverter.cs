using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>A column of a table.</summary>
/// <param name="Name">The heading.</param>
/// <param name="Value">The cell of an object.</param>
/// <param name="Wide">Whether only <c>-o wide</c> shows it.</param>
/// <param name="Type">The cell's type.</param>
internal sealed record Column(string Name, Func<JsonObject, JsonNode?> Value, bool Wide = false, string Type = "string");

/// <summary>Makes the tables that <c>kubectl get</c> prints.</summary>
internal sealed class TableConverter(ApiServerOptions options) : ITableConverter
{
    private readonly TableCells _cells = new(options.Time);

    public JsonObject Convert(
        ResourceDefinition definition, IReadOnlyList<JsonObject> items, JsonObject metadata, string includeObject, bool columns = true)
    {
        var list = Columns(definition);
        var rows = new JsonArray();
        foreach (var item in items)
        {
            var row = new JsonObject { ["cells"] = new JsonArray([.. list.Select(c => c.Value(item))]) };
            if (includeObject == "Object")
            {
                row["object"] = item.DeepClone();
            }
            else if (includeObject != "None")
            {
                row["object"] = new JsonObject
                {
                    ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = item["metadata"]?.DeepClone(),
                };
            }

            rows.Add(row);
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = metadata,
            ["columnDefinitions"] = new JsonArray(columns ? [.. list.Select(c => new JsonObject
            {
                ["name"] = c.Name, ["type"] = c.Type, ["format"] = c.Name == "Name" ? "name" : "", ["description"] = "",
                ["priority"] = c.Wide ? 1 : 0,
            })] : []),
            ["rows"] = rows,
        };
    }

    private IReadOnlyList<Column> Columns(ResourceDefinition definition)
    {
        if (!definition.IsCustom)
        {
            return _cells.Of(definition.GroupResource);
        }

        var name = TableCells.Name(definition.GroupResource);
        return definition.PrinterColumns.Count == 0
            ? [name, _cells.Age]
            : [name, .. definition.PrinterColumns.Select(c => new Column(c.Name, o => Cell(o, c), c.Priority > 0, c.Type == "date" ? "string" : c.Type))];
    }

    private JsonNode? Cell(JsonObject value, PrinterColumn column)
    {
        var found = JsonPath.Select(value, column.JsonPath).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        if (column.Type == "date")
        {
            return _cells.Since(found[0].Text());
        }

        if (found.Count == 1 && found[0] is JsonValue single)
        {
            return single.GetValueKind() is JsonValueKind.Number && column.Type is "integer"
                ? JsonValue.Create(single.Number() ?? 0)
                : column.Type == "string" ? single.ToString() : single.DeepClone();
        }

        return string.Join(',', found.Select(f => f is JsonValue v ? v.ToString() : f!.ToJsonString(JsonText.Relaxed)));
    }
}

/// <summary>Durations as kubectl shows ages.</summary>
internal static class Ages
{
    public static string Show(TimeSpan age)
    {
        if (age < TimeSpan.Zero)
        {
            return "0s";
        }

        var (s, m, h, d) = ((long)age.TotalSeconds, (long)age.TotalMinutes, (long)age.TotalHours, (long)age.TotalDays);
        string Two(long large, string unit, long small, string rest) => string.Create(
            CultureInfo.InvariantCulture, $"{large}{unit}{(small == 0 ? "" : small.ToString(CultureInfo.InvariantCulture) + rest)}");
        return s < 120 ? $"{s}s"
            : m < 10 ? Two(m, "m", s % 60, "s")
            : m < 180 ? $"{m}m"
            : h < 8 ? Two(h, "h", m % 60, "m")
            : h < 48 ? $"{h}h"
            : d < 8 ? Two(d, "d", h % 24, "h")
            : d < 730 ? $"{d}d"
            : Two(d / 365, "y", d % 365, "d");
    }
}
