using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Who asks.</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups)
{
    /// <summary>The stable id of the user, if any.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What else the authenticator knows.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>A request without credentials.</summary>
    public static UserInfo Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The server itself.</summary>
    public static UserInfo Server { get; } = new("system:apiserver", ["system:masters", "system:authenticated"]);

    /// <summary>Whether a user may do everything, whatever roles say.</summary>
    public static bool IsMaster(UserInfo user) => user.Groups.Contains("system:masters");
}

/// <summary>What a URL and a method mean.</summary>
public sealed record RequestInfo
{
    /// <summary>Whether it is about a resource of the API.</summary>
    public bool IsResource { get; init; }

    /// <summary>The path.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// <c>get list watch create update patch delete deletecollection</c> for resources, else the method in lower case.
    /// </summary>
    public required string Verb { get; init; }

    /// <summary>The API group; empty: core.</summary>
    public string Group { get; init; } = "";

    /// <summary>The API version.</summary>
    public string Version { get; init; } = "";

    /// <summary>The namespace; empty: none or all.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The resource.</summary>
    public string Resource { get; init; } = "";

    /// <summary>The subresource; empty: none.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The rest of the path behind the subresource (proxies), without a leading slash.</summary>
    public string Rest { get; init; } = "";

    /// <summary>The object's name; empty: a collection.</summary>
    public string Name { get; init; } = "";
}

/// <summary>One request on its way through the server.</summary>
public sealed class ApiRequest(HttpContext http, RequestInfo info)
{
    /// <summary>The HTTP exchange.</summary>
    public HttpContext Http { get; } = http;

    /// <summary>What is asked.</summary>
    public RequestInfo Info { get; } = info;

    /// <summary>The query.</summary>
    public IQueryCollection Query => Http.Request.Query;

    /// <summary>Who asks, after impersonation.</summary>
    public UserInfo User { get; set; } = UserInfo.Anonymous;

    /// <summary>The resource asked for; null for other paths.</summary>
    public ResourceDefinition? Definition { get; set; }

    /// <summary>Texts for <c>Warning</c> headers.</summary>
    public IList<string> Warnings { get; } = [];

    /// <summary>Puts the warnings into the answer's head (RFC 7234, 5.5), which must not be out yet.</summary>
    public void TellWarnings()
    {
        foreach (var warning in Warnings)
        {
            Http.Response.Headers.Append(
                "Warning", $"299 - \"{warning.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        }
    }

    /// <summary>The first value of a query parameter, or null.</summary>
    public string? Parameter(string name) => Query.TryGetValue(name, out var values) ? values[0] : null;
}
