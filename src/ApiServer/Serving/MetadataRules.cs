using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dpf.ApiServer.Serving;

/// <summary>What labels, annotations and references to owners may be; pure. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/</summary>
internal static partial class MetadataRules
{
    private const int LongestName = 63;
    private const int LongestPrefix = 253;
    private const int MostAnnotations = 256 * 1024;

    /// <summary>What is wrong with an object's labels, annotations and references to its owners.</summary>
    public static IEnumerable<FieldError> Validate(JsonObject value)
    {
        foreach (var (key, label) in Map(value, "labels"))
        {
            var text = (string?)label ?? "";
            if (Key(key) is { } problem)
            {
                yield return FieldError.Invalid("metadata.labels", key, problem);
            }

            if (text.Length > LongestName)
            {
                yield return FieldError.Invalid("metadata.labels", text, $"must be no more than {LongestName} characters");
            }
            else if (text.Length > 0 && !Name().IsMatch(text))
            {
                yield return FieldError.Invalid(
                    "metadata.labels", text, "a valid label must be empty or consist of alphanumeric characters, '-', '_' or '.', and start and end with an alphanumeric character");
            }
        }

        var size = 0L;
        foreach (var (key, annotation) in Map(value, "annotations"))
        {
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount((string?)annotation ?? "");
            if (Key(key.ToLowerInvariant()) is { } problem)
            {
                yield return FieldError.Invalid("metadata.annotations", key, problem);
            }
        }

        if (size > MostAnnotations)
        {
            yield return FieldError.TooLong("metadata.annotations", MostAnnotations);
        }

        foreach (var error in Owners([.. value.Objects("metadata", "ownerReferences")]))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> Owners(IReadOnlyList<JsonObject> references)
    {
        foreach (var reference in references)
        {
            foreach (var field in (string[])["apiVersion", "kind", "name", "uid"])
            {
                if (reference.Text(field) is not { Length: > 0 })
                {
                    yield return FieldError.Invalid(
                        $"metadata.ownerReferences.{field}", "", field == "apiVersion" ? "version must not be empty" : "must not be empty");
                }
            }
        }

        if (references.Where(r => r.Flag("controller")).ToList() is [var first, var second, ..])
        {
            yield return FieldError.Invalid(
                "metadata.ownerReferences", new JsonArray([.. references.Select(r => r.DeepClone())]),
                $"Only one reference can have Controller set to true. Found \"true\" in references for {Owner(first)} and {Owner(second)}");
        }
    }

    private static string Owner(JsonObject reference) => $"{reference.Text("kind")}/{reference.Text("name")}";

    private static JsonObject Map(JsonObject value, string field) => value.At("metadata", field) as JsonObject ?? [];

    /// <summary>What is wrong with a key, an optional domain before a name; null for nothing.</summary>
    private static string? Key(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (prefix, name) = slash < 0 ? (null, key) : (key[..slash], key[(slash + 1)..]);
        return prefix is not null && (prefix.Length > LongestPrefix || !Domain().IsMatch(prefix))
                ? $"prefix part must be a lowercase RFC 1123 subdomain of at most {LongestPrefix} characters"
            : name.Length == 0 ? "name part must be non-empty"
            : name.Length > LongestName ? $"name part must be no more than {LongestName} characters"
            : !Name().IsMatch(name)
                ? "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
            : null;
    }

    [GeneratedRegex("^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Domain();
}
