using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>The version, and what else is a single fixed answer.</summary>
internal static class ServerPaths
{
    public static void AddTo(ServerComposition server)
    {
        var version = server.Options.KubernetesVersion;
        var parts = version.TrimStart('v').Split('.');
        server.Paths["/version"] = http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(
                new JsonObject
                {
                    ["major"] = parts[0],
                    ["minor"] = parts[1],
                    ["gitVersion"] = version,
                    ["gitCommit"] = "",
                    ["gitTreeState"] = "clean",
                    ["buildDate"] = "2024-11-01T00:00:00Z",
                    ["goVersion"] = "",
                    ["compiler"] = "",
                    ["platform"] = "linux/amd64",
                }.ToJsonString(),
                http.RequestAborted);
        };
    }
}
