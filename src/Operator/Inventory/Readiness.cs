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
            "Deployment" => Ready(workload, Count("readyReplicas"), Count("replicas"), Count("updatedReplicas"), Math.Max(1, (long?)value["spec"]?["replicas"] ?? 1)),

            // Where no node is selected there is nothing to run, and nothing is missing.
            "DaemonSet" => Ready(workload, Count("numberReady"), Count("desiredNumberScheduled"), Count("updatedNumberScheduled"), 0),
            _ => (status?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == "Ready") switch
            {
                null => $"DPUService {workload.Name} has not reported yet",
                { } ready when (string?)ready["status"] == "True" => null,
                { } ready => $"DPUService {workload.Name}: {(string?)ready["message"]}",
            },
        };
    }

    private static string? Ready(Workload workload, long ready, long all, long updated, long least)
    {
        var wanted = Math.Max(all, least);
        return all < least || ready != all
            ? string.Create(CultureInfo.InvariantCulture, $"{workload.Kind} {workload.Name} has {ready} of {wanted} pods ready")
            : updated < wanted
                ? string.Create(CultureInfo.InvariantCulture, $"{workload.Kind} {workload.Name} has {updated} of {wanted} pods rolled out")
                : null;
    }
}
