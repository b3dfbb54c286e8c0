using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>A resource and the scalable functions that it consists of.</summary>
/// <param name="Resource">The resource, e.g. <c>nvidia.com/bf_sf</c>.</param>
/// <param name="Functions">The ranges of function numbers (<c>p0#1-100</c>); empty for all.</param>
public sealed record DeviceSelection(string Resource, IReadOnlyList<(uint First, uint Last)> Functions)
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
                    [.. Selectors(r["selectors"]).SelectMany(s => s["pfNames"] as JsonArray ?? []).SelectMany(n => Ranges((string)n!))])),
            ];
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new FormatException($"config.json: a resourceList of resourceName and selectors is needed: {e.Message}", e);
        }
    }

    /// <summary>The machine's scalable functions that belong to the resource.</summary>
    /// <param name="bus">Where the auxiliary bus's devices are, a path of this process.</param>
    public IReadOnlyList<string> Find(string bus) => !Directory.Exists(bus)
        ? []
        : [.. Directory.GetFileSystemEntries(bus).Select(Path.GetFileName).OfType<string>()
            .Where(d => d.Contains(".sf.", StringComparison.Ordinal) && Selected(Path.Combine(bus, d)))
            .Order(StringComparer.Ordinal)];

    private bool Selected(string device)
    {
        var file = Path.Combine(device, "sfnum");
        return Functions.Count == 0 ||
            (File.Exists(file) && uint.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var number) &&
                Functions.Any(f => number >= f.First && number <= f.Last));
    }

    private static IEnumerable<JsonNode> Selectors(JsonNode? selectors) =>
        selectors is JsonArray list ? list.OfType<JsonNode>() : selectors is null ? [] : [selectors];

    private static IEnumerable<(uint, uint)> Ranges(string name)
    {
        var cut = name.IndexOf('#', StringComparison.Ordinal);
        foreach (var range in cut < 0 ? [] : name[(cut + 1)..].Split(','))
        {
            var ends = range.Split('-');
            yield return (uint.Parse(ends[0], CultureInfo.InvariantCulture), uint.Parse(ends[^1], CultureInfo.InvariantCulture));
        }
    }
}
