using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Streaming;

/// <summary>Where the kubelet serves what is asked of a pod, after the question was found to make sense; pure.</summary>
internal static class KubeletPath
{
    /// <summary>The path and query of a request.</summary>
    /// <exception cref="ApiException">It makes no sense: a container that is not there, options that contradict one another.</exception>
    public static string Of(ApiRequest request, JsonObject pod)
    {
        var info = request.Info;
        var target = $"{info.Namespace}/{info.Name}";
        switch (info.Subresource)
        {
            case "log":
                Check(request);
                var query = string.Join('&', request.Query.Where(q => q.Key != "container").Select(q => $"{q.Key}={Uri.EscapeDataString(q.Value.ToString())}"));
                return $"/containerLogs/{target}/{Container(request, pod)}?{query}";
            case "portforward":
                return $"/portForward/{target}?" + string.Join('&', request.Query["ports"].Select(p => $"ports={p}"));
            default:
                string[] flags =
                [
                    Flag(request, "stdin", "input"), Flag(request, "stdout", "output"), Flag(request, "stderr", "error"), Flag(request, "tty", "tty"),
                ];
                if (flags.Take(3).All(f => f.Length == 0))
                {
                    throw ApiErrors.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
                }

                var commands = request.Query["command"].Select(c => "command=" + Uri.EscapeDataString(c ?? ""));
                return $"/{info.Subresource}/{target}/{Container(request, pod)}?" + string.Join('&', flags.Where(f => f.Length > 0).Concat(commands));
        }
    }

    private static string Container(ApiRequest request, JsonObject pod)
    {
        List<string> Names(string list) => [.. pod.Objects("spec", list).Select(c => c.Text("name")!)];
        var (names, first, debug) = (Names("containers"), Names("initContainers"), Names("ephemeralContainers"));
        if (request.Parameter("container") is { Length: > 0 } asked)
        {
            return names.Concat(first).Concat(debug).Contains(asked)
                ? asked
                : throw ApiErrors.BadRequest($"container {asked} is not valid for pod {request.Info.Name}");
        }

        return names.Count == 1 ? names[0] : throw ApiErrors.BadRequest(
            $"a container name must be specified for pod {request.Info.Name}, choose one of: [{string.Join(' ', names)}]" +
            (first.Count == 0 ? "" : $" or one of the init containers: [{string.Join(' ', first)}]"));
    }

    private static void Check(ApiRequest request)
    {
        List<FieldError> errors = [.. AtLeast(request, "tailLines", 0), .. AtLeast(request, "limitBytes", 1), .. AtLeast(request, "sinceSeconds", 1)];
        if (request.Parameter("sinceSeconds") is { Length: > 0 } && request.Parameter("sinceTime") is { Length: > 0 })
        {
            errors.Add(FieldError.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }

        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid("PodLogOptions", "", request.Info.Name, errors);
        }
    }

    private static IEnumerable<FieldError> AtLeast(ApiRequest request, string name, long least)
    {
        if (request.Parameter(name) is not { Length: > 0 } text)
        {
            yield break;
        }

        if (!long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value))
        {
            throw ApiErrors.BadRequest($"{name}: \"{text}\" is no number");
        }

        if (value < least)
        {
            yield return FieldError.Invalid(name, value, $"must be greater than {(least == 0 ? "or equal to 0" : "0")}");
        }
    }

    private static string Flag(ApiRequest request, string mine, string its) => request.Parameter(mine) is "true" or "1" ? its + "=1" : "";
}
