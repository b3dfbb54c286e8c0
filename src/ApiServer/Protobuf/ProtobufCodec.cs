using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.ApiServer.BuiltIn;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Protobuf;

/// <summary>
/// Reads <c>application/vnd.kubernetes.protobuf</c> bodies of built-in kinds: four bytes of magic, an envelope with the kind,
/// then the message, whose fields the field table names. Answers go out as JSON, which every client of such bodies accepts.
/// </summary>
internal sealed class ProtobufCodec(ResourceRegistry registry) : IBodyCodec
{
    public string MediaType => "application/vnd.kubernetes.protobuf";

    public string? WatchMediaType => null;

    public bool CanWrite(string apiVersion, string kind) => false;

    public byte[] Write(JsonNode value) => throw new InvalidOperationException("answers are JSON");

    public byte[] WriteEvent(string type, JsonNode value) => throw new InvalidOperationException("watches are JSON");

    public JsonNode? Read(ReadOnlyMemory<byte> body, ResourceDefinition? expected)
    {
        try
        {
            var (apiVersion, kind, raw) = Envelope(new WireReader(body[4..]));
            var type = TypeOf(apiVersion, kind) ?? throw ApiErrors.BadRequest(
                $"no protobuf message is known for {apiVersion} {kind}; send JSON");
            var value = Message(new WireReader(raw), type);
            value["apiVersion"] = apiVersion;
            value["kind"] = kind;
            return value;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or FormatException)
        {
            throw ApiErrors.BadRequest("the body is not a valid protobuf message: " + e.Message);
        }
    }

    private string? TypeOf(string apiVersion, string kind)
    {
        if (kind is "DeleteOptions" or "PatchOptions" or "CreateOptions" or "UpdateOptions")
        {
            return "meta/v1." + kind;
        }

        if (registry.FindKind(apiVersion, kind) is { Schema.TypeName: { } name })
        {
            return name;
        }

        var package = apiVersion == "v1" ? "core/v1" : apiVersion.StartsWith("rbac.", StringComparison.Ordinal) ? "rbac/v1"
            : $"{apiVersion.Split('.')[0].Split('/')[0]}/{apiVersion.Split('/')[^1]}";
        return FieldTable.Of($"{package}.{kind}") is null ? null : $"{package}.{kind}";
    }

    private static (string ApiVersion, string Kind, ReadOnlyMemory<byte> Raw) Envelope(WireReader reader)
    {
        var (apiVersion, kind, raw) = ("", "", ReadOnlyMemory<byte>.Empty);
        while (reader.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1:
                    var meta = new WireReader(reader.Bytes());
                    while (meta.Next(out var field, out var kindOfField))
                    {
                        if (field == 1)
                        {
                            apiVersion = meta.Text();
                        }
                        else if (field == 2)
                        {
                            kind = meta.Text();
                        }
                        else
                        {
                            meta.Skip(kindOfField);
                        }
                    }

                    break;
                case 2:
                    raw = reader.Bytes();
                    break;
                default:
                    reader.Skip(wire);
                    break;
            }
        }

        return (apiVersion, kind, raw);
    }

    private static JsonObject Message(WireReader reader, string type)
    {
        var fields = FieldTable.Of(type) ?? throw new FormatException($"message {type} is not known");
        var value = new JsonObject();
        while (reader.Next(out var number, out var wire))
        {
            if (fields.FirstOrDefault(f => f.Number == number) is not { } field)
            {
                reader.Skip(wire);
            }
            else if (field.IsInline)
            {
                foreach (var (name, inner) in Message(new WireReader(reader.Bytes()), field.Type).ToList())
                {
                    value[name] = inner?.DeepClone();
                }
            }
            else if (field.IsMap)
            {
                var (key, entry) = Entry(new WireReader(reader.Bytes()), field.Type);
                value.Map(field.Name)[key] = entry;
            }
            else if (field.IsList)
            {
                if (value[field.Name] is not JsonArray list)
                {
                    value[field.Name] = list = [];
                }

                list.Add(Value(reader, field.Type, wire));
            }
            else if (Value(reader, field.Type, wire) is { } single && !IsEmpty(single, field.Type))
            {
                value[field.Name] = single;
            }
        }

        return value;
    }

    // A client writes the zero of a required field although JSON would leave it out.
    private static bool IsEmpty(JsonNode value, string type) => type switch
    {
        "string" => value.Text() is "",
        "meta/v1.Time" or "meta/v1.MicroTime" => value.Text() is null or "",
        _ => value is JsonObject { Count: 0 } && type.Contains('.', StringComparison.Ordinal) && type.StartsWith("meta/v1.ObjectMeta", StringComparison.Ordinal),
    };

    private static (string Key, JsonNode? Value) Entry(WireReader reader, string type)
    {
        var key = "";
        JsonNode? value = type is "string" or "bytes" ? "" : null;
        while (reader.Next(out var number, out var wire))
        {
            if (number == 1)
            {
                key = reader.Text();
            }
            else
            {
                value = Value(reader, type, wire);
            }
        }

        return (key, value);
    }

    private static JsonNode? Value(WireReader reader, string type, int wire)
    {
        switch (type)
        {
            case "string":
                return reader.Text();
            case "bytes":
                return Convert.ToBase64String(reader.Bytes().Span);
            case "bool":
                return reader.Varint() != 0;
            case "int32":
            case "int64":
                return (long)reader.Varint();
            case "double":
                return BitConverter.UInt64BitsToDouble(reader.Fixed64());
            case "resource.Quantity":
                return Single(reader, 1) ?? JsonValue.Create("0");
            case "intstr.IntOrString":
                return IntOrString(new WireReader(reader.Bytes()));
            case "meta/v1.Time":
            case "meta/v1.MicroTime":
                return Time(new WireReader(reader.Bytes()), type.EndsWith("MicroTime", StringComparison.Ordinal));
            case "meta/v1.Verbs":
                return Single(reader, 1);
            case "runtime.RawExtension":
            case "meta/v1.FieldsV1":
                var raw = new WireReader(reader.Bytes());
                return raw.Next(out _, out _) ? JsonReading.Parse(raw.Bytes().Span) : new JsonObject();
            default:
                return Message(new WireReader(reader.Bytes()), type);
        }
    }

    private static JsonValue? Single(WireReader reader, int wanted)
    {
        var inner = new WireReader(reader.Bytes());
        while (inner.Next(out var number, out var wire))
        {
            if (number == wanted)
            {
                return JsonValue.Create(inner.Text());
            }

            inner.Skip(wire);
        }

        return null;
    }

    private static JsonNode IntOrString(WireReader reader)
    {
        var (isText, number, text) = (false, 0L, "");
        while (reader.Next(out var field, out var wire))
        {
            switch (field)
            {
                case 1:
                    isText = reader.Varint() == 1;
                    break;
                case 2:
                    number = (int)reader.Varint();
                    break;
                case 3:
                    text = reader.Text();
                    break;
                default:
                    reader.Skip(wire);
                    break;
            }
        }

        return isText ? JsonValue.Create(text) : JsonValue.Create(number);
    }

    private static JsonValue? Time(WireReader reader, bool micro)
    {
        var (seconds, nanos, isThere) = (0L, 0L, false);
        while (reader.Next(out var field, out _))
        {
            isThere = true;
            if (field == 1)
            {
                seconds = (long)reader.Varint();
            }
            else
            {
                nanos = (long)reader.Varint();
            }
        }

        return isThere && (seconds != 0 || nanos != 0)
            ? JsonValue.Create(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100).UtcDateTime.ToString(
                micro ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : Timestamp.Format, CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>Reads protobuf's wire format (protobuf.dev/programming-guides/encoding).</summary>
    private sealed class WireReader(ReadOnlyMemory<byte> data)
    {
        private int _at;

        public bool Next(out int number, out int wire)
        {
            if (_at >= data.Length)
            {
                (number, wire) = (0, 0);
                return false;
            }

            var tag = Varint();
            (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            return true;
        }

        public ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var b = data.Span[_at++];
                value |= (ulong)(b & 0x7f) << shift;
                if (b < 0x80)
                {
                    return value;
                }
            }

            throw new FormatException("a number is longer than ten bytes");
        }

        public ReadOnlyMemory<byte> Bytes()
        {
            var length = (int)Varint();
            var bytes = data.Slice(_at, length);
            _at += length;
            return bytes;
        }

        public string Text() => Encoding.UTF8.GetString(Bytes().Span);

        public ulong Fixed64()
        {
            var value = BitConverter.ToUInt64(data.Span.Slice(_at, 8));
            _at += 8;
            return value;
        }

        public void Skip(int wire)
        {
            switch (wire)
            {
                case 0:
                    Varint();
                    break;
                case 1:
                    _at += 8;
                    break;
                case 2:
                    Bytes();
                    break;
                case 5:
                    _at += 4;
                    break;
                default:
                    throw new FormatException($"wire type {wire} is not known");
            }
        }
    }
}
