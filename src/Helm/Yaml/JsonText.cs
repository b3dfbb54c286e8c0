using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Yaml;

/// <summary>Between the values of templates and JSON.</summary>
internal static class JsonText
{
    /// <summary>The value of a JSON text.</summary>
    /// <exception cref="FormatException">It is no JSON.</exception>
    public static object? Read(string json)
    {
        try
        {
            return FromNode(JsonNode.Parse(json));
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>A value as JSON; whole numbers are written as such.</summary>
    public static JsonNode? ToNode(object? value) => value switch
    {
        null => null,
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number when number == Math.Floor(number) && Math.Abs(number) < 9.2e18 => JsonValue.Create((long)number),
        double number => JsonValue.Create(number),
        byte[] bytes => JsonValue.Create(Convert.ToBase64String(bytes)),
        List<object?> list => new JsonArray([.. list.Select(item => ToNode(item))]),
        Dictionary<string, object?> map => new JsonObject(
            map.Select(p => KeyValuePair.Create(p.Key, ToNode(p.Value)))),
        _ => JsonValue.Create(GoValue.Print(value)),
    };

    /// <summary>JSON as a value: every number is a float64.</summary>
    public static object? FromNode(JsonNode? node) =>
        FromNode(node, text => double.Parse(text, CultureInfo.InvariantCulture));

    /// <summary>An object of the cluster as a value: whole numbers are int64, as Kubernetes' own client reads them.</summary>
    public static object? FromLive(JsonNode? node) => FromNode(
        node,
        text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole
            : double.Parse(text, CultureInfo.InvariantCulture));

    /// <summary>A map of JSON.</summary>
    public static Dictionary<string, object?> FromObject(JsonObject value) => (Dictionary<string, object?>)FromNode(value)!;

    private static object? FromNode(JsonNode? node, Func<string, object> number) => node switch
    {
        null => null,
        JsonObject map => map.ToDictionary(p => p.Key, p => FromNode(p.Value, number), StringComparer.Ordinal),
        JsonArray list => list.Select(item => FromNode(item, number)).ToList(),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => number(value.ToJsonString()),
            JsonValueKind.String => value.GetValue<object>() is string text ? text : value.ToString(),
            _ => null,
        },
        _ => null,
    };
}
