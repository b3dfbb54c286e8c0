using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Serving;

/// <summary>What a list request asks for: objects of one revision, all at once or page by page.</summary>
internal sealed record ListPage(IReadOnlyList<StoredObject> Items, JsonObject Metadata)
{
    /// <summary>Reads the objects that the request's limit, continue and resourceVersion mean.</summary>
    /// <exception cref="ApiException">The parameters contradict each other, or the revision is forgotten (410).</exception>
    public static ListPage Read(IResourceStore store, ApiRequest request, ResourceDefinition definition)
    {
        var filter = ObjectFilter.Of(request, definition);
        var limit = int.TryParse(request.Parameter("limit"), out var given) && given > 0 ? given : int.MaxValue;
        var token = request.Parameter("continue") is { Length: > 0 } text ? Token.Parse(text) : null;
        var revision = token?.Revision ?? Revision(store, request, ref limit);
        StoreSnapshot snapshot;
        try
        {
            snapshot = store.List(definition.StorageResource, request.Info.Namespace, revision);
        }
        catch (RevisionCompactedException e)
        {
            throw Expired(store, token, e);
        }

        var after = token is null ? 0 : FirstAfter(snapshot.Items, token);
        var page = new List<StoredObject>();
        var metadata = new JsonObject { ["resourceVersion"] = snapshot.Revision.ToString(CultureInfo.InvariantCulture) };
        for (var i = after; i < snapshot.Items.Count; i++)
        {
            if (!filter.Matches(snapshot.Items[i].Root))
            {
                continue;
            }

            if (page.Count == limit)
            {
                metadata["continue"] = new Token(snapshot.Revision, page[^1].Key.Namespace, page[^1].Key.Name).ToString();
                if (filter.Labels.IsEmpty && filter.Fields.IsEmpty)
                {
                    metadata["remainingItemCount"] = snapshot.Items.Count - i;
                }

                break;
            }

            page.Add(snapshot.Items[i]);
        }

        return new ListPage(page, metadata);
    }

    private static long Revision(IResourceStore store, ApiRequest request, ref int limit)
    {
        var match = request.Parameter("resourceVersionMatch") ?? "";
        var text = request.Parameter("resourceVersion") ?? "";
        if (text.Length == 0)
        {
            return match.Length == 0 ? 0 : throw Forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
        {
            throw ApiErrors.BadRequest($"invalid resource version \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
        }

        if (revision == 0)
        {
            // Whatever is there will do; such lists are always whole.
            limit = int.MaxValue;
            return match == "Exact" ? throw Forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"") : 0;
        }

        if (revision > store.Revision)
        {
            throw TooLarge(revision, store.Revision);
        }

        return match == "Exact" || (match.Length == 0 && limit < int.MaxValue) ? revision : 0;
    }

    private static int FirstAfter(IReadOnlyList<StoredObject> items, Token token)
    {
        var (low, high) = (0, items.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(items[middle].Key.Namespace, token.Namespace);
            order = order != 0 ? order : string.CompareOrdinal(items[middle].Key.Name, token.Name);
            (low, high) = order <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static ApiException Expired(IResourceStore store, Token? token, RevisionCompactedException e) => token is null
        ? new ApiException(410, "Expired", $"The resourceVersion for the provided list is too old ({e.Asked}, the oldest known is {e.Oldest}).")
        : new ApiException(
            410, "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the " +
            "continue parameter, or use the continue token in this response to retrieve the remainder of the results.")
        {
            Continue = (token with { Revision = store.Revision }).ToString(),
        };

    private static ApiException TooLarge(long asked, long now) =>
        new(504, "Timeout", $"Too large resource version: {asked}, current: {now}")
        {
            Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version")], RetryAfterSeconds = 1,
        };

    private static ApiException Forbidden(string detail) => ApiErrors.Invalid(
        "ListOptions", "meta.k8s.io", "", [FieldError.Forbidden("resourceVersionMatch", detail)]);

    /// <summary>Where the next page starts.</summary>
    private sealed record Token(long Revision, string Namespace, string Name)
    {
        public static Token Parse(string text)
        {
            try
            {
                var json = JsonNode.Parse(Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/')));
                return new Token(json.Number("rv") ?? 0, json.Text("namespace") ?? "", json.Text("name") ?? "");
            }
            catch (Exception e) when (e is FormatException or JsonException)
            {
                throw ApiErrors.BadRequest($"invalid continue token: continue key is not valid: {e.Message}");
            }
        }

        public override string ToString() => Convert.ToBase64String(Encoding.UTF8.GetBytes(new JsonObject
        {
            ["rv"] = Revision, ["namespace"] = Namespace, ["name"] = Name,
        }.ToJsonString(JsonText.Relaxed))).Replace('+', '-').Replace('/', '_');
    }
}
