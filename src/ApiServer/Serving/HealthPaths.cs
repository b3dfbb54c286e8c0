using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>Health and a few metrics. The server answers requests only when all it needs is there, so its checks hold.</summary>
internal sealed class HealthPaths(ServerComposition server)
{
    private static readonly string[] Checks =
        ["ping", "log", "etcd", "poststarthook/start-apiextensions-controllers", "poststarthook/crd-informer-synced", "poststarthook/rbac/bootstrap-roles"];

    private readonly ConcurrentDictionary<(string Verb, string Group, string Resource, int Code), long> _requests = new();

    public void AddTo(IDictionary<string, RequestDelegate> paths)
    {
        foreach (var name in (string[])["healthz", "livez", "readyz"])
        {
            paths["/" + name] = http => HealthAsync(http, name);
        }

        paths["/metrics"] = MetricsAsync;
    }

    /// <summary>Counts an answered request.</summary>
    public void Count(RequestInfo request, int code)
    {
        if (request.IsResource)
        {
            _requests.AddOrUpdate((request.Verb, request.Group, request.Resource, code), 1, static (_, count) => count + 1);
        }
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

    private Task MetricsAsync(HttpContext http)
    {
        var text = new StringBuilder();
        text.Append("# HELP apiserver_request_total [STABLE] Counter of apiserver requests.\n# TYPE apiserver_request_total counter\n");
        foreach (var ((verb, group, resource, code), count) in _requests)
        {
            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_total{{code=\"{code}\",component=\"apiserver\",group=\"{group}\",resource=\"{resource}\",verb=\"{verb.ToUpperInvariant()}\"}} {count}\n");
        }

        text.Append("# HELP apiserver_storage_objects [STABLE] Number of stored objects.\n# TYPE apiserver_storage_objects gauge\n");
        foreach (var resource in server.Registry.All.Where(d => !d.Virtual).Select(d => d.StorageResource).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_objects{{resource=\"{resource}\"}} {server.Store.List(resource).Items.Count}\n");
        }

        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return http.Response.WriteAsync(text.ToString(), http.RequestAborted);
    }
}
