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
    public static object? FromNode(JsonNode? node) => node switch
    {
        null => null,
        JsonObject map => map.ToDictionary(p => p.Key, p => FromNode(p.Value), StringComparer.Ordinal),
        JsonArray list => list.Select(FromNode).ToList(),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
            JsonValueKind.String => value.GetValue<object>() is string text ? text : value.ToString(),
            _ => null,
        },
        _ => null,
    };

    /// <summary>A map of JSON.</summary>
    public static Dictionary<string, object?> FromObject(JsonObject value) => (Dictionary<string, object?>)FromNode(value)!;
}
