using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Reads what a URL and a method mean.</summary>
internal static class RequestPath
{
    public static RequestInfo Parse(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        var method = request.Method;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var info = new RequestInfo { Path = path, Verb = method.ToLowerInvariant() };
        int at;
        if (parts.Length >= 3 && parts[0] == "api")
        {
            info = info with { Version = parts[1] };
            at = 2;
        }
        else if (parts.Length >= 4 && parts[0] == "apis")
        {
            info = info with { Group = parts[1], Version = parts[2] };
            at = 3;
        }
        else
        {
            return info;
        }

        var watch = false;
        if (parts[at] == "watch" && parts.Length > at + 1)
        {
            watch = true;
            at++;
        }

        var space = "";
        if (parts[at] == "namespaces" && parts.Length > at + 2 && !(info.Group.Length == 0 && IsNamespacePart(parts[at + 2])))
        {
            space = parts[at + 1];
            at += 2;
        }

        info = info with
        {
            IsResource = true,
            Namespace = space,
            Resource = parts[at],
            Name = parts.Length > at + 1 ? parts[at + 1] : "",
            Subresource = parts.Length > at + 2 ? parts[at + 2] : "",
            Rest = parts.Length > at + 3 ? string.Join('/', parts[(at + 3)..]) : "",
        };
        if (info is { Resource: "namespaces", Group: "", Name.Length: > 0 })
        {
            info = info with { Namespace = info.Name };
        }

        watch |= request.Query["watch"].ToString() is "1" or "true" or "True";
        return info with { Verb = VerbOf(method, info, watch) };
    }

    private static bool IsNamespacePart(string part) => part is "status" or "finalize";

    private static string VerbOf(string method, RequestInfo info, bool watch) => method switch
    {
        "GET" or "HEAD" when info.Name.Length == 0 => watch ? "watch" : "list",

        // A WebSocket over HTTP/2 (RFC 8441) is what a GET with an upgrade is over HTTP/1.1.
        "GET" or "HEAD" or "CONNECT" => watch && info.Subresource.Length == 0 ? "watch" : "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => info.Name.Length == 0 ? "deletecollection" : "delete",
        _ => method.ToLowerInvariant(),
    };
}
