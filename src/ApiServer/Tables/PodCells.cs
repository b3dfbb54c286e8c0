using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The cells of a pod, which sum up its containers.</summary>
internal static class PodCells
{
    public static JsonNode Ready(JsonObject pod) => string.Create(
        CultureInfo.InvariantCulture,
        $"{pod.Objects("status", "containerStatuses").Count(c => c.Flag("ready"))}/{pod.Objects("spec", "containers").Count()}");

    public static JsonNode Restarts(JsonObject pod, Func<string?, string> since)
    {
        var containers = pod.Objects("status", "containerStatuses").ToList();
        var count = containers.Sum(c => c.Number("restartCount") ?? 0);
        var last = containers.Select(c => c.Text("lastState", "terminated", "finishedAt")).Where(t => t is not null).Max(StringComparer.Ordinal);
        return count > 0 && last is not null
            ? string.Create(CultureInfo.InvariantCulture, $"{count} ({since(last)} ago)")
            : count.ToString(CultureInfo.InvariantCulture);
    }

    public static JsonNode Gates(JsonObject pod)
    {
        var gates = pod.Objects("spec", "readinessGates").ToList();
        return gates.Count == 0 ? "<none>" : string.Create(CultureInfo.InvariantCulture, $"{gates.Count}");
    }

    public static JsonNode Status(JsonObject pod)
    {
        var reason = pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
        var init = pod.Objects("status", "initContainerStatuses").ToList();
        for (var i = 0; i < init.Count; i++)
        {
            var state = init[i]["state"];
            if (state.Number("terminated", "exitCode") == 0 || init[i].Flag("started"))
            {
                continue;
            }

            var why = state.Text("terminated", "reason") ?? (state.Text("waiting", "reason") is { } w and not "PodInitializing" ? w : null);
            reason = why is not null ? "Init:" + why : string.Create(CultureInfo.InvariantCulture, $"Init:{i}/{pod.Objects("spec", "initContainers").Count()}");
            return Ending(pod, reason);
        }

        var running = false;
        foreach (var state in pod.Objects("status", "containerStatuses").Reverse().Select(c => (Container: c, State: c["state"])))
        {
            if (state.State.Text("waiting", "reason") is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (state.State.At("terminated") is not null)
            {
                reason = state.State.Text("terminated", "reason") ?? $"ExitCode:{state.State.Number("terminated", "exitCode")}";
            }
            else if (state.Container.Flag("ready") && state.State.At("running") is not null)
            {
                running = true;
            }
        }

        return Ending(pod, reason == "Completed" && running ? "Running" : reason);
    }

    private static string Ending(JsonObject pod, string reason) =>
        pod.At("metadata", "deletionTimestamp") is null ? reason
        : pod.Text("status", "reason") == "NodeLost" ? "Unknown" : "Terminating";
}
