using System.Text.Json.Nodes;

namespace Dpf.Lab.Addons.Argo;

/// <summary>How well an object does, by its own status: pure.</summary>
internal static class Health
{
    public const string Healthy = "Healthy";
    public const string Progressing = "Progressing";
    public const string Missing = "Missing";

    /// <summary>The health of an object; empty for a kind that has none.</summary>
    public static string Of(string kind, JsonObject? live)
    {
        if (kind is not ("Deployment" or "DaemonSet" or "StatefulSet" or "Job"))
        {
            return "";
        }

        if (live is null)
        {
            return Missing;
        }

        var (spec, status) = (live["spec"], live["status"]);
        if (kind == "Job")
        {
            return Number(status, "succeeded") >= ((long?)spec?["completions"] ?? 1) ? Healthy : Progressing;
        }

        if (Number(status, "observedGeneration") < Number(live["metadata"], "generation"))
        {
            return Progressing;
        }

        var wanted = (long?)spec?["replicas"] ?? 1;
        var done = kind switch
        {
            "DaemonSet" => Number(status, "updatedNumberScheduled") >= Number(status, "desiredNumberScheduled") &&
                Number(status, "numberAvailable") >= Number(status, "desiredNumberScheduled"),
            "StatefulSet" => Number(status, "readyReplicas") >= wanted && Number(status, "updatedReplicas") >= wanted,
            _ => Number(status, "updatedReplicas") >= wanted && Number(status, "availableReplicas") >= wanted &&
                Number(status, "replicas") <= Number(status, "updatedReplicas"),
        };
        return done ? Healthy : Progressing;
    }

    /// <summary>The health of the whole: the worst of its parts.</summary>
    public static string Summary(IEnumerable<string> parts)
    {
        var all = parts.ToList();
        return all.Contains(Missing) ? Missing : all.Contains(Progressing) ? Progressing : Healthy;
    }

    private static long Number(JsonNode? node, string field) => (long?)node?[field] ?? 0;
}
