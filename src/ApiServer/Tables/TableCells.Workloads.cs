using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <content>Pods, what makes them, and what says how many.</content>
internal sealed partial class TableCells
{
    private IReadOnlyList<Column>? Workloads(GroupResource resource) => resource.ToString() switch
    {
        "pods" =>
        [
            new("Ready", PodCells.Ready), new("Status", PodCells.Status), new("Restarts", o => PodCells.Restarts(o, Since)), Age,
            new("IP", o => o.Text("status", "podIP") ?? "<none>", Wide: true), new("Node", o => o.Text("spec", "nodeName") ?? "<none>", Wide: true),
            new("Nominated Node", o => o.Text("status", "nominatedNodeName") ?? "<none>", Wide: true),
            new("Readiness Gates", PodCells.Gates, Wide: true),
        ],
        "deployments.apps" =>
        [
            new("Ready", o => $"{Count(o, "readyReplicas")}/{o.Number("spec", "replicas") ?? 1}"), Numeric("Up-to-date", "updatedReplicas"),
            Numeric("Available", "availableReplicas"), Age, .. Containers("template"),
            Selector("spec", "selector", "matchLabels"),
        ],
        "replicasets.apps" =>
        [
            new("Desired", o => o.Number("spec", "replicas") ?? 1, Type: "integer"), Numeric("Current", "replicas"), Numeric("Ready", "readyReplicas"), Age,
            .. Containers("template"), Selector("spec", "selector", "matchLabels"),
        ],
        "statefulsets.apps" =>
            [new("Ready", o => $"{Count(o, "readyReplicas")}/{o.Number("spec", "replicas") ?? 1}"), Age, .. Containers("template")],
        "daemonsets.apps" =>
        [
            Numeric("Desired", "desiredNumberScheduled"), Numeric("Current", "currentNumberScheduled"), Numeric("Ready", "numberReady"),
            Numeric("Up-to-date", "updatedNumberScheduled"), Numeric("Available", "numberAvailable"),
            new("Node Selector", o => Labels(o.At("spec", "template", "spec", "nodeSelector"))), Age, .. Containers("template"),
            Selector("spec", "selector", "matchLabels"),
        ],
        "replicationcontrollers" =>
        [
            new("Desired", o => o.Number("spec", "replicas") ?? 1, Type: "integer"), Numeric("Current", "replicas"), Numeric("Ready", "readyReplicas"), Age,
            .. Containers("template"), Selector("spec", "selector"),
        ],
        "jobs.batch" =>
        [
            new("Status", JobStatus), new("Completions", Completions), new("Duration", Duration), Age, .. Containers("template"),
            Selector("spec", "selector", "matchLabels"),
        ],
        "controllerrevisions.apps" =>
        [
            new("Controller", o => o.Objects("metadata", "ownerReferences").FirstOrDefault(r => r.Flag("controller")) is { } owner
                ? $"{Qualified(owner.Text("kind"), owner.Text("apiVersion")?.Split('/') is [var group, _] ? group : "")}/{owner.Text("name")}" : "<none>"),
            new("Revision", o => o.Number("revision") ?? 0, Type: "integer"), Age,
        ],
        "podtemplates" =>
        [
            new("Containers", o => Join(o.Objects("template", "spec", "containers").Select(c => c.Text("name")))),
            new("Images", o => Join(o.Objects("template", "spec", "containers").Select(c => c.Text("image")))),
            new("Pod Labels", o => Labels(o.At("template", "metadata", "labels"))),
        ],
        "cronjobs.batch" =>
        [
            new("Schedule", o => o.Text("spec", "schedule")), new("Timezone", o => o.Text("spec", "timeZone") ?? "<none>"),
            new("Suspend", o => o.At("spec", "suspend") is null ? "<unset>" : o.Flag("spec", "suspend") ? "True" : "False", Type: "boolean"),
            new("Active", o => o.Objects("status", "active").Count(), Type: "integer"),
            new("Last Schedule", o => o.Text("status", "lastScheduleTime") is { } last ? Since(last) : "<none>"), Age,
            .. Containers("jobTemplate", "spec", "template"), Selector("spec", "jobTemplate", "spec", "selector", "matchLabels"),
        ],
        "poddisruptionbudgets.policy" =>
        [
            new("Min Available", o => Plain(o.At("spec", "minAvailable")) ?? "N/A"), new("Max Unavailable", o => Plain(o.At("spec", "maxUnavailable")) ?? "N/A"),
            Numeric("Allowed Disruptions", "disruptionsAllowed"), Age,
        ],
        "horizontalpodautoscalers.autoscaling" =>
        [
            new("Reference", o => $"{o.Text("spec", "scaleTargetRef", "kind")}/{o.Text("spec", "scaleTargetRef", "name")}"), new("Targets", AutoscalerCells.Targets),
            new("MinPods", o => Plain(o.At("spec", "minReplicas")) ?? "<unset>"), new("MaxPods", o => o.Number("spec", "maxReplicas") ?? 0, Type: "integer"),
            Numeric("Replicas", "currentReplicas"), Age,
        ],
        "priorityclasses.scheduling.k8s.io" =>
        [
            new("Value", o => o.Number("value") ?? 0, Type: "integer"), Boolean("Global-Default", "globalDefault"), Age,
            new("PreemptionPolicy", o => o.Text("preemptionPolicy") ?? "<unset>"),
        ],
        "runtimeclasses.node.k8s.io" => [new("Handler", o => o.Text("handler")), Age],
        _ => null,
    };

    private static JsonNode JobStatus(JsonObject o) =>
        Condition(o, "Complete") ? "Complete"
        : Condition(o, "Failed") ? "Failed"
        : o.At("metadata", "deletionTimestamp") is not null ? "Terminating"
        : new[] { "Suspended", "FailureTarget", "SuccessCriteriaMet" }.FirstOrDefault(type => Condition(o, type)) ?? "Running";

    private static JsonNode Completions(JsonObject o) => (o.Number("spec", "completions"), o.Number("spec", "parallelism")) switch
    {
        ({ } completions, _) => $"{Count(o, "succeeded")}/{completions}",
        (null, > 1 and var parallelism) => $"{Count(o, "succeeded")}/1 of {parallelism}",
        _ => $"{Count(o, "succeeded")}/1",
    };

    private JsonNode Duration(JsonObject o) => (Time(o.Text("status", "startTime")), Time(o.Text("status", "completionTime"))) switch
    {
        ({ } start, var end) => Ages.Show((end ?? time.GetUtcNow()) - start),
        _ => "",
    };

    private static IEnumerable<Column> Containers(params string[] template) =>
    [
        new("Containers", o => Join(o.Objects(["spec", .. template, "spec", "containers"]).Select(c => c.Text("name"))), Wide: true),
        new("Images", o => Join(o.Objects(["spec", .. template, "spec", "containers"]).Select(c => c.Text("image"))), Wide: true),
    ];

    private static Column Selector(params string[] path) => new("Selector", o => Labels(o.At(path)), Wide: true);
}
