using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Serving;

/// <summary>
/// Reads JSON as the API does: of a field that is there twice the last one counts, and the fact is remembered.
/// </summary>
internal static class JsonReading
{
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, ICollection<string>? duplicates = null)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 512 });
        if (!reader.Read())
        {
            return null;
        }

        var value = Value(ref reader, "", duplicates);
        if (reader.Read())
        {
            throw new JsonException("invalid character after top-level value");
        }

        return value;
    }

    private static JsonNode? Value(ref Utf8JsonReader reader, string path, ICollection<string>? duplicates)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var map = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    var field = path.Length == 0 ? name : $"{path}.{name}";
                    if (map.ContainsKey(name))
                    {
                        duplicates?.Add(field);
                    }

                    map[name] = Value(ref reader, field, duplicates);
                }

                return map;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(Value(ref reader, duplicates is null ? path : $"{path}[{list.Count}]", duplicates));
                }

                return list;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            case JsonTokenType.Null:
                return null;
            default:
                return reader.TryGetInt64(out var whole)
                    ? JsonValue.Create(whole)
                    : JsonValue.Create(JsonElement.ParseValue(ref reader));
        }
    }
}
