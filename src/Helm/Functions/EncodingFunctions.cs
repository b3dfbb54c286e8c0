using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dpf.Helm.Templates;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Functions;

/// <summary>Functions that write and read YAML, JSON, base64 and digests.</summary>
internal static class EncodingFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "toYaml", 1, a => YamlText.Write(a[0]) },
        { "toYamlPretty", 1, a => YamlText.Write(a[0]) },
        { "fromYaml", 1, a => Read(() => ReadMap(a.Text(0))) },
        { "fromYamlArray", 1, a => Read(() => ReadList(a.Text(0)), asList: true) },
        { "toJson", 1, a => GoJson.Write(a[0], escapeHtml: true) },
        { "mustToJson", 1, a => GoJson.Write(a[0], escapeHtml: true) },
        { "toRawJson", 1, a => GoJson.Write(a[0], escapeHtml: false) },
        { "mustToRawJson", 1, a => GoJson.Write(a[0], escapeHtml: false) },
        { "toPrettyJson", 1, a => GoJson.Write(a[0], escapeHtml: true, indented: true) },
        { "mustToPrettyJson", 1, a => GoJson.Write(a[0], escapeHtml: true, indented: true) },
        { "fromJson", 1, a => Read(() => JsonText.Read(a.Text(0)) as Dictionary<string, object?> ?? throw new FormatException("json: cannot unmarshal into Go value of type map[string]interface {}")) },
        { "mustFromJson", 1, a => JsonText.Read(a.Text(0)) },
        { "fromJsonArray", 1, a => Read(() => JsonText.Read(a.Text(0)) as List<object?> ?? throw new FormatException("json: cannot unmarshal into Go value of type []interface {}"), asList: true) },
        { "b64enc", 1, a => Convert.ToBase64String(Bytes(a[0])) },
        { "b64dec", 1, a => Decode(a.Text(0)) },
        { "b32enc", 1, a => Base32.Encode(Bytes(a[0])) },
        { "b32dec", 1, a => Base32.Decode(a.Text(0)) },
        { "adler32sum", 1, a => Adler32(Encoding.UTF8.GetBytes(a.Text(0))).ToString(CultureInfo.InvariantCulture) },
        { "sha1sum", 1, a => Convert.ToHexStringLower(Sha1(Encoding.UTF8.GetBytes(a.Text(0)))) },
        { "sha256sum", 1, a => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(a.Text(0)))) },
        { "sha512sum", 1, a => Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(a.Text(0)))) },
    };

    private static byte[] Bytes(object? value) => value as byte[] ?? Encoding.UTF8.GetBytes(GoValue.Print(value));

#pragma warning disable CA5350 // a function of charts, not a protection of ours
    private static byte[] Sha1(byte[] bytes) => SHA1.HashData(bytes);
#pragma warning restore CA5350

    private static uint Adler32(byte[] bytes)
    {
        var (low, high) = (1u, 0u);
        foreach (var value in bytes)
        {
            low = (low + value) % 65521;
            high = (high + low) % 65521;
        }

        return (high << 16) | low;
    }

    private static string Decode(string text)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException)
        {
            return "illegal base64 data at input byte 0";
        }
    }

    private static Dictionary<string, object?> ReadMap(string yaml) => YamlReader.Read(yaml, "string") switch
    {
        null => new(StringComparer.Ordinal),
        Dictionary<string, object?> map => map,
        var other => throw new FormatException(
            $"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {(other is List<object?> ? "array" : GoValue.Kind(other))} into Go value of type map[string]interface {{}}"),
    };

    private static List<object?> ReadList(string yaml) => YamlReader.Read(yaml, "string") switch
    {
        null => [],
        List<object?> list => list,
        _ => throw new FormatException("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []interface {}"),
    };

    // Bad text is a value that says so, as in Helm: the template goes on.
    private static object? Read(Func<object?> read, bool asList = false)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            return asList ? (List<object?>)[e.Message] : new Dictionary<string, object?>(StringComparer.Ordinal) { ["Error"] = e.Message };
        }
    }
}
