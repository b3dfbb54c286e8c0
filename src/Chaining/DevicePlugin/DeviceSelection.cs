using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>A resource and the scalable functions that it consists of.</summary>
/// <param name="Resource">The resource, e.g. <c>nvidia.com/bf_sf</c>.</param>
/// <param name="Functions">The ports and function numbers; empty for all.</param>
public sealed record DeviceSelection(string Resource, IReadOnlyList<FunctionRange> Functions)
{
    /// <summary>Reads the plugin's configuration.</summary>
    /// <exception cref="FormatException">It is no such configuration.</exception>
    public static IReadOnlyList<DeviceSelection> Parse(string json)
    {
        try
        {
            return
            [
                .. JsonNode.Parse(json)!["resourceList"]!.AsArray().Select(r => new DeviceSelection(
                    $"{(string?)r!["resourcePrefix"] ?? "nvidia.com"}/{(string)r["resourceName"]!}",
                    [.. Selectors(r["selectors"]).SelectMany(s => s["pfNames"] as JsonArray ?? []).Select(n => FunctionRange.Parse((string)n!))])),
            ];
        }
        catch (FormatException e)
        {
            throw new FormatException($"config.json: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new FormatException($"config.json: a resourceList of resourceName and selectors is needed: {e.Message}", e);
        }
    }

    /// <summary>The machine's scalable functions that belong to the resource.</summary>
    public IReadOnlyList<string> Find(IMachine machine) =>
        [.. ScalableFunction.All(machine).Where(f => Functions.Count == 0 || Functions.Any(r => f.IsAmong(machine, r))).Select(f => f.Device).Order(StringComparer.Ordinal)];

    private static IEnumerable<JsonNode> Selectors(JsonNode? selectors) =>
        selectors is JsonArray list ? list.OfType<JsonNode>() : selectors is null ? [] : [selectors];
}
