using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Guide.Describing;

/// <summary>How an object stands, in the words of kstatus.</summary>
public enum StandingKind
{
    /// <summary>It is as it should be.</summary>
    Ready,

    /// <summary>Somebody is at work on it, or about to be.</summary>
    InProgress,

    /// <summary>It does not get there as things are.</summary>
    Failed,

    /// <summary>It is being deleted.</summary>
    Terminating,
}

/// <summary>How one object stands, and what it says of itself.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Text">A few words: a phase, a reason, numbers.</param>
/// <param name="Message">What the object says is wrong; empty when nothing is.</param>
public sealed record Standing(StandingKind Kind, string Text, string Message = "")
{
    private static readonly string[] Bad = ["Failure", "Error", "Failed", "Degraded"];

    /// <summary>Reads an object's status.</summary>
    public static Standing Of(JsonObject value)
    {
        var status = value["status"] as JsonObject;
        if (value["metadata"]?["deletionTimestamp"] is not null)
        {
            var finalizers = value["metadata"]!["finalizers"] as JsonArray ?? [];
            return new Standing(
                StandingKind.Terminating, "deleting", finalizers.Count == 0 ? "" : "held by " + string.Join(", ", finalizers.Select(f => (string)f!)));
        }

        if (Number(status?["observedGeneration"]) is { } observed && observed < (Number(value["metadata"]?["generation"]) ?? 0))
        {
            return new Standing(StandingKind.InProgress, "not looked at since its last change");
        }

        return (string?)value["kind"] switch
        {
            "Application" => Application(status),
            "Deployment" => Workload(status, "replicas", "availableReplicas", Number(value["spec"]?["replicas"]) ?? 1),
            "StatefulSet" => Workload(status, "replicas", "readyReplicas", Number(value["spec"]?["replicas"]) ?? 1),
            "DaemonSet" => Workload(status, "desiredNumberScheduled", "numberAvailable", Number(status?["desiredNumberScheduled"]) ?? 0),
            "DPUSet" => Statistics(status),
            "Pod" => Pod(status),
            "TenantControlPlane" => Phase((string?)status?["kubernetesResources"]?["version"]?["status"], "Ready", status),
            "BFB" or "DPU" or "DPUCluster" => Phase((string?)status?["phase"], "Ready", status),
            _ => Conditions(status),
        };
    }

    private static Standing Conditions(JsonObject? status)
    {
        var conditions = Condition.AllOf(status);
        if (conditions.FirstOrDefault(c => c.Type == "Stalled" && c.Status == "True") is { } stalled)
        {
            return new Standing(StandingKind.Failed, stalled.Reason, stalled.Message);
        }

        if (conditions.FirstOrDefault(c => c.Type == "Reconciling" && c.Status == "True") is { } reconciling)
        {
            return new Standing(StandingKind.InProgress, reconciling.Reason, reconciling.Message);
        }

        // Where nobody writes conditions there is nothing to wait for; where Ready is missing among others it is about to come.
        var ready = conditions.FirstOrDefault(c => c.Type == "Ready");
        return ready switch
        {
            null when conditions.Count == 0 => new Standing(StandingKind.Ready, ""),
            null => new Standing(StandingKind.InProgress, "not Ready yet"),
            { Status: "True" } => new Standing(StandingKind.Ready, "Ready"),
            _ => NotReady(ready, conditions),
        };
    }

    /// <summary>Ready names the conditions that are missing; the message is in the first of those.</summary>
    private static Standing NotReady(Condition ready, IReadOnlyList<Condition> conditions)
    {
        var cause = conditions.Where(c => c.Type != "Ready" && c.Status != "True").OrderByDescending(c => Bad.Contains(c.Reason)).FirstOrDefault() ?? ready;
        var kind = Bad.Contains(ready.Reason) || Bad.Contains(cause.Reason) ? StandingKind.Failed : StandingKind.InProgress;
        return new Standing(
            kind, cause == ready ? ready.Reason : $"{cause.Type} {cause.Reason}", cause.Message.Length > 0 ? cause.Message : ready.Message);
    }

    private static Standing Phase(string? phase, string wanted, JsonObject? status)
    {
        var byCondition = Conditions(status);
        if (phase == wanted)
        {
            // A phase and a Ready condition: both must say so.
            return byCondition.Kind == StandingKind.Ready ? new Standing(StandingKind.Ready, phase) : byCondition;
        }

        var failed = phase is "Error" or "Failed";
        var last = Condition.AllOf(status).LastOrDefault(c => c.Status != "True" && c.Message.Length > 0);
        return new Standing(failed ? StandingKind.Failed : StandingKind.InProgress, phase ?? "not looked at yet", last?.Message ?? "");
    }

    private static Standing Statistics(JsonObject? status)
    {
        var counts = (status?["dpuStatistics"] as JsonObject ?? []).Select(p => (Phase: p.Key, Count: Number(p.Value) ?? 0)).ToList();
        var said = Conditions(status);
        var all = counts.Sum(c => c.Count);
        var ready = counts.Where(c => c.Phase == "Ready").Sum(c => c.Count);
        var others = string.Join(", ", counts.Where(c => c.Phase != "Ready" && c.Count > 0).Select(c => $"{c.Count} {c.Phase}"));
        var text = string.Create(CultureInfo.InvariantCulture, $"{ready} of {all} DPUs ready{(others.Length > 0 ? ", " + others : "")}");
        if (counts.Any(c => c.Phase == "Error" && c.Count > 0))
        {
            return new Standing(StandingKind.Failed, text, said.Message);
        }

        // DPUs that all work may still be other ones than the set wants.
        return said.Kind == StandingKind.Ready
            ? new Standing(ready == all ? StandingKind.Ready : StandingKind.InProgress, text)
            : new Standing(said.Kind, ready == all ? $"{said.Text}, {text}" : text, said.Message);
    }

    private static Standing Application(JsonObject? status)
    {
        var health = (string?)status?["health"]?["status"] ?? "Unknown";
        var sync = (string?)status?["sync"]?["status"] ?? "Unknown";
        var phase = (string?)status?["operationState"]?["phase"];
        var operation = (string?)status?["operationState"]?["message"] ?? "";
        var problems = (status?["resources"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(r => (string?)r["health"]?["status"] is not (null or "Healthy"))
            .Select(r => $"{r["kind"]} {r["name"]}: {(string?)r["health"]!["message"] ?? (string?)r["health"]!["status"]}");
        var first = Condition.AllOf(status).Select(c => c.Message).FirstOrDefault(m => m.Length > 0) ?? problems.FirstOrDefault() ??
            (phase is "Failed" or "Error" || sync != "Synced" ? operation : "");
        var kind = health is "Degraded" or "Missing" || phase is "Failed" or "Error" ? StandingKind.Failed
            : health == "Healthy" && sync == "Synced" ? StandingKind.Ready
            : StandingKind.InProgress;
        return new Standing(kind, $"{sync}, {health}", kind == StandingKind.Ready ? "" : first);
    }

    private static Standing Workload(JsonObject? status, string total, string available, long wanted)
    {
        var there = Number(status?[available]) ?? 0;
        var surplus = Number(status?[total]) ?? 0;
        return new Standing(
            there >= wanted && surplus <= wanted ? StandingKind.Ready : StandingKind.InProgress,
            string.Create(CultureInfo.InvariantCulture, $"{there} of {wanted} available"));
    }

    private static Standing Pod(JsonObject? status)
    {
        var phase = (string?)status?["phase"] ?? "Pending";
        var containers = (status?["containerStatuses"] as JsonArray ?? []).Concat(status?["initContainerStatuses"] as JsonArray ?? []).OfType<JsonObject>();
        if (containers.Select(c => c["state"]?["waiting"]).FirstOrDefault(w => (string?)w?["reason"] is not (null or "ContainerCreating" or "PodInitializing")) is { } stuck)
        {
            return new Standing(StandingKind.Failed, (string)stuck["reason"]!, (string?)stuck["message"] ?? "");
        }

        return phase switch
        {
            "Succeeded" => new Standing(StandingKind.Ready, "Completed"),
            "Failed" => new Standing(StandingKind.Failed, (string?)status?["reason"] ?? phase, (string?)status?["message"] ?? ""),
            "Running" when Condition.AllOf(status).Any(c => c is { Type: "Ready", Status: "True" }) => new Standing(StandingKind.Ready, phase),
            _ => new Standing(StandingKind.InProgress, phase, Condition.AllOf(status).FirstOrDefault(c => c is { Status: "False", Message.Length: > 0 })?.Message ?? ""),
        };
    }

    private static long? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;
}

/// <summary>One condition.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Status">True, False or Unknown.</param>
/// <param name="Reason">For machines.</param>
/// <param name="Message">For people.</param>
public sealed record Condition(string Type, string Status, string Reason, string Message)
{
    /// <summary>The conditions of a status.</summary>
    public static IReadOnlyList<Condition> AllOf(JsonNode? status) =>
    [
        .. (status?["conditions"] as JsonArray ?? []).OfType<JsonObject>().Select(c => new Condition(
            (string?)c["type"] ?? "", (string?)c["status"] ?? "", (string?)c["reason"] ?? "", (string?)c["message"] ?? "")),
    ];
}
