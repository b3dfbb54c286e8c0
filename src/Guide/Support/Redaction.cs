using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dpf.Guide.Support;

/// <summary>Takes secrets out of what leaves the cluster.</summary>
public static partial class Redaction
{
    private const string Mark = "[redacted]";

    /// <summary>A text without private keys, tokens, and the values of what is called a password, a secret, a token or a key.</summary>
    public static string Clean(string text)
    {
        text = PrivateKey().Replace(text, Mark);
        text = WebToken().Replace(text, Mark);
        text = Bearer().Replace(text, "$1 " + Mark);
        text = JoinToken().Replace(text, Mark);
        text = Credentials().Replace(text, "$1" + Mark + "@");
        return Named().Replace(text, "$1" + Mark);
    }

    /// <summary>An object as text; of a Secret only the names of its keys, and no value of an environment variable with a secret's name.</summary>
    public static string Clean(JsonObject value)
    {
        var copy = value.DeepClone().AsObject();
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        if ((string?)copy["kind"] == "Secret")
        {
            (copy["metadata"]?["annotations"] as JsonObject)?.Remove("kubectl.kubernetes.io/last-applied-configuration");
            foreach (var field in new[] { "data", "stringData" })
            {
                foreach (var key in (copy[field] as JsonObject ?? []).Select(pair => pair.Key).ToList())
                {
                    copy[field]![key] = Mark;
                }
            }
        }

        Variables(copy);
        return Clean(copy.ToJsonString(Readable));
    }

    private static readonly System.Text.Json.JsonSerializerOptions Readable = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static void Variables(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject pair when pair["name"] is JsonValue name && pair["value"] is JsonValue && SecretName().IsMatch(name.ToString()):
                pair["value"] = Mark;
                break;
            case JsonObject map:
                foreach (var child in map.Select(p => p.Value).ToList())
                {
                    Variables(child);
                }

                break;
            case JsonArray list:
                foreach (var child in list)
                {
                    Variables(child);
                }

                break;
        }
    }

    [GeneratedRegex(@"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(-----END \1-----|$)", RegexOptions.Singleline, 2000)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", RegexOptions.None, 2000)]
    private static partial Regex WebToken();

    [GeneratedRegex(@"\b(bearer|basic)\s+[\w.~+/=-]{8,}", RegexOptions.IgnoreCase, 2000)]
    private static partial Regex Bearer();

    [GeneratedRegex(@"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", RegexOptions.None, 2000)]
    private static partial Regex JoinToken();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+]*://[^\s/:@]+:)[^\s/@]+@", RegexOptions.IgnoreCase, 2000)]
    private static partial Regex Credentials();

    [GeneratedRegex("""((?:password|passwd|secret|token|api[-_]?key|private[-_]?key|client-key-data|\.dockerconfigjson|auth)\\?["']?\s*[:=]\s*\\?["']?)(?!\[redacted\])[^\s"'\\,{}\[]{3,}""", RegexOptions.IgnoreCase, 2000)]
    private static partial Regex Named();

    [GeneratedRegex("password|passwd|secret|token|api_?key|credential", RegexOptions.IgnoreCase, 2000)]
    private static partial Regex SecretName();
}
