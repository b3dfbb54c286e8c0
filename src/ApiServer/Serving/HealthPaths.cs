using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Health, and the way to the metrics. The server answers requests only when all it needs is there, so its checks hold.</summary>
internal static class HealthPaths
{
    private static readonly string[] Checks =
        ["ping", "log", "etcd", "poststarthook/start-apiextensions-controllers", "poststarthook/crd-informer-synced", "poststarthook/rbac/bootstrap-roles"];

    public static void AddTo(ServerComposition server)
    {
        foreach (var name in (string[])["healthz", "livez", "readyz"])
        {
            server.Paths["/" + name] = http => HealthAsync(http, name);
        }

        server.Paths["/metrics"] = http => server.Metrics.WriteAsync(http, server);
    }

    private static Task HealthAsync(HttpContext http, string name)
    {
        var check = http.Request.Path.Value!.TrimStart('/')[name.Length..].Trim('/');
        if (check.Length > 0)
        {
            return Checks.Contains(check) ? TextAsync(http, "ok") : NotFoundAsync(http);
        }

        if (!http.Request.Query.ContainsKey("verbose"))
        {
            return TextAsync(http, "ok");
        }

        var excluded = http.Request.Query["exclude"];
        var lines = Checks.Select(c => excluded.Contains(c) ? $"[+]{c} excluded: ok" : $"[+]{c} ok");
        return TextAsync(http, string.Join('\n', lines) + $"\n{name} check passed\n");
    }

    /// <summary>The answer to a path that nothing is known of.</summary>
    public static Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return TextAsync(http, "404 page not found\n");
    }

    private static Task TextAsync(HttpContext http, string text)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
