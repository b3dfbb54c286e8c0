using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Api.Services;

namespace Dpf.Services.DpuServices;

/// <summary>The pod annotation that asks Multus for a service's interfaces: pure.</summary>
internal static class NetworkAnnotation
{
    /// <summary>The annotation.</summary>
    public const string Key = "k8s.v1.cni.cncf.io/networks";

    /// <summary>What an interface of a service asks for.</summary>
    /// <exception cref="FormatException">The network is neither <c>name</c> nor <c>namespace/name</c>.</exception>
    public static JsonObject Element(ServiceInterfaceService service)
    {
        var parts = service.Network.Split('/');
        if (parts.Length > 2 || parts.Any(p => p.Length == 0))
        {
            throw new FormatException($"network '{service.Network}': expected name or namespace/name of a NetworkAttachmentDefinition");
        }

        var element = new JsonObject { ["name"] = parts[^1], ["interface"] = service.InterfaceName };
        if (parts.Length == 2)
        {
            element["namespace"] = parts[0];
        }

        return element;
    }

    /// <summary>The network of an element, as an interface names it.</summary>
    public static string NetworkOf(JsonObject element) => element["namespace"] is { } ns ? $"{ns}/{element["name"]}" : $"{element["name"]}";

    /// <summary>
    /// The annotation with the wanted elements: an element for the same interface that is there already adds to the wanted
    /// one and wins where both say something, others are kept. Each wanted element is of another interface.
    /// </summary>
    /// <exception cref="FormatException">The annotation that is there cannot be read.</exception>
    public static string Merge(string? existing, IReadOnlyCollection<JsonObject> wanted)
    {
        var rest = wanted.ToDictionary(w => (string)w["interface"]!, StringComparer.Ordinal);
        var result = new List<JsonObject>();
        foreach (var element in Parse(existing))
        {
            var merged = (string?)element["interface"] is { } name && rest.Remove(name, out var generated)
                ? (JsonObject)generated.DeepClone()
                : [];
            foreach (var (key, value) in element.Where(f => !IsEmpty(f.Key, f.Value)))
            {
                merged[key] = value?.DeepClone();
            }

            result.Add(merged);
        }

        result.AddRange(rest.Values.Select(r => (JsonObject)r.DeepClone()));
        return new JsonArray(
        [
            .. result.OrderBy(e => (string?)e["name"] ?? "", StringComparer.Ordinal)
                .ThenBy(e => (string?)e["interface"] ?? "", StringComparer.Ordinal).Select(Ordered),
        ]).ToJsonString();
    }

    private static bool IsEmpty(string key, JsonNode? value) => value switch
    {
        null => true,
        JsonValue text when text.GetValueKind() == JsonValueKind.String => ((string)text!).Length == 0,
        JsonArray list => list.Count == 0,

        // An empty table of arguments says: none, whatever was generated.
        _ => key != "cni-args" && value is JsonObject { Count: 0 },
    };

    private static JsonObject Ordered(JsonObject element)
    {
        var ordered = new JsonObject();
        foreach (var key in (string[])["name", "namespace", "interface"])
        {
            if (element[key] is { } value)
            {
                ordered[key] = value.DeepClone();
            }
        }

        foreach (var (key, value) in element.Where(f => f.Key is not ("name" or "namespace" or "interface" or "cni-args")))
        {
            ordered[key] = value?.DeepClone();
        }

        // Multus itself writes the field even when there is nothing in it.
        ordered["cni-args"] = element["cni-args"]?.DeepClone();
        return ordered;
    }

    private static IEnumerable<JsonObject> Parse(string? text)
    {
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        if (!text.StartsWith('['))
        {
            return text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Short);
        }

        try
        {
            return JsonNode.Parse(text)!.AsArray().Select(e => e!.AsObject()).ToList();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"annotation {Key}: neither a JSON list of networks nor name[,name…]: {e.Message}", e);
        }
    }

    /// <summary><c>[namespace/]name[@interface]</c>.</summary>
    private static JsonObject Short(string text)
    {
        var at = text.Split('@');
        var path = at[0].Split('/');
        var element = new JsonObject { ["name"] = path[^1] };
        if (path.Length > 1)
        {
            element["namespace"] = path[0];
        }

        if (at.Length > 1)
        {
            element["interface"] = at[1];
        }

        return element;
    }
}
