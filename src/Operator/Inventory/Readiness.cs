using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>Tells from a workload's object whether its component works.</summary>
public static class Readiness
{
    /// <summary>Why it does not; null when it does.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="value">Its object; null when there is none.</param>
    public static string? Problem(Workload workload, JsonObject? value)
    {
        if (value is null)
        {
            return $"{workload.Kind} {workload.Name} is not there yet";
        }

        var status = value["status"];
        long Count(string field) => (long?)status?[field] ?? 0;
        if (workload.Kind != "DPUService" && Count("observedGeneration") < ((long?)value["metadata"]?["generation"] ?? 0))
        {
            return $"{workload.Kind} {workload.Name} is not rolled out yet";
        }

        return workload.Kind switch
        {
            "Deployment" => Ready(workload, Count("readyReplicas"), Count("replicas"), Math.Max(1, (long?)value["spec"]?["replicas"] ?? 1)),
            "DaemonSet" => Ready(workload, Count("numberReady"), Count("desiredNumberScheduled"), 1),
            _ => (status?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == "Ready") switch
            {
                null => $"DPUService {workload.Name} has not reported yet",
                { } ready when (string?)ready["status"] == "True" => null,
                { } ready => $"DPUService {workload.Name}: {(string?)ready["message"]}",
            },
        };
    }

    private static string? Ready(Workload workload, long ready, long all, long least) => all >= least && ready == all
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{workload.Kind} {workload.Name} has {ready} of {Math.Max(all, least)} pods ready");
}
