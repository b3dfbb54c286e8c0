using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The columns of built-in kinds.</summary>
internal sealed class TableCells(TimeProvider time)
{
    /// <summary>The time since a timestamp.</summary>
    public string Since(string? timestamp) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var then)
            ? Ages.Show(time.GetUtcNow() - then)
            : "<unknown>";

    /// <summary>The columns after the name; null when there is nothing but the age.</summary>
    public IReadOnlyList<Column>? Of(GroupResource resource)
    {
        var age = new Column("Age", o => Since(o.Text("metadata", "creationTimestamp")));
        return resource.ToString() switch
        {
            "pods" =>
            [
                new("Ready", PodCells.Ready), new("Status", PodCells.Status), new("Restarts", o => PodCells.Restarts(o, Since)), age,
                new("IP", o => o.Text("status", "podIP") ?? "<none>", Wide: true), new("Node", o => o.Text("spec", "nodeName") ?? "<none>", Wide: true),
                new("Nominated Node", o => o.Text("status", "nominatedNodeName") ?? "<none>", Wide: true),
                new("Readiness Gates", PodCells.Gates, Wide: true),
            ],
            "nodes" =>
            [
                new("Status", NodeStatus), new("Roles", Roles), age, new("Version", o => o.Text("status", "nodeInfo", "kubeletVersion") ?? ""),
                new("Internal-IP", o => Address(o, "InternalIP"), Wide: true), new("External-IP", o => Address(o, "ExternalIP"), Wide: true),
                new("OS-Image", o => o.Text("status", "nodeInfo", "osImage") ?? "<unknown>", Wide: true),
                new("Kernel-Version", o => o.Text("status", "nodeInfo", "kernelVersion") ?? "<unknown>", Wide: true),
                new("Container-Runtime", o => o.Text("status", "nodeInfo", "containerRuntimeVersion") ?? "<unknown>", Wide: true),
            ],
            "services" =>
            [
                new("Type", o => o.Text("spec", "type")), new("Cluster-IP", o => o.Text("spec", "clusterIP") ?? "<none>"), new("External-IP", ExternalIp),
                new("Port(s)", Ports), age, new("Selector", o => Labels(o.At("spec", "selector")), Wide: true),
            ],
            "deployments.apps" =>
            [
                new("Ready", o => $"{Count(o, "readyReplicas")}/{o.Number("spec", "replicas") ?? 1}"), Numeric("Up-to-date", "updatedReplicas"),
                Numeric("Available", "availableReplicas"), age, .. Containers("template"),
                new("Selector", o => Labels(o.At("spec", "selector", "matchLabels")), Wide: true),
            ],
            "replicasets.apps" =>
            [
                new("Desired", o => o.Number("spec", "replicas") ?? 1, Type: "integer"), Numeric("Current", "replicas"), Numeric("Ready", "readyReplicas"), age,
                .. Containers("template"), new("Selector", o => Labels(o.At("spec", "selector", "matchLabels")), Wide: true),
            ],
            "statefulsets.apps" =>
                [new("Ready", o => $"{Count(o, "readyReplicas")}/{o.Number("spec", "replicas") ?? 1}"), age, .. Containers("template")],
            "daemonsets.apps" =>
            [
                Numeric("Desired", "desiredNumberScheduled"), Numeric("Current", "currentNumberScheduled"), Numeric("Ready", "numberReady"),
                Numeric("Up-to-date", "updatedNumberScheduled"), Numeric("Available", "numberAvailable"),
                new("Node Selector", o => Labels(o.At("spec", "template", "spec", "nodeSelector"))), age, .. Containers("template"),
                new("Selector", o => Labels(o.At("spec", "selector", "matchLabels")), Wide: true),
            ],
            "jobs.batch" =>
            [
                new("Status", o => Condition(o, "Complete") ? "Complete" : Condition(o, "Failed") ? "Failed" : "Running"),
                new("Completions", o => $"{Count(o, "succeeded")}/{o.Number("spec", "completions") ?? 1}"),
                new("Duration", o => o.Text("status", "startTime") is { } start ? Since(start) : ""), age,
            ],
            "cronjobs.batch" =>
            [
                new("Schedule", o => o.Text("spec", "schedule")), new("Timezone", o => o.Text("spec", "timeZone") ?? "<none>"),
                new("Suspend", o => o.At("spec", "suspend") is null ? "<unset>" : o.Flag("spec", "suspend") ? "True" : "False", Type: "boolean"),
                new("Active", o => o.Objects("status", "active").Count(), Type: "integer"),
                new("Last Schedule", o => o.Text("status", "lastScheduleTime") is { } last ? Since(last) : "<none>"), age,
                .. Containers("jobTemplate", "spec", "template"), new("Selector", o => Labels(o.At("spec", "jobTemplate", "spec", "selector", "matchLabels")), Wide: true),
            ],
            "poddisruptionbudgets.policy" =>
            [
                new("Min Available", o => Plain(o.At("spec", "minAvailable")) ?? "N/A"), new("Max Unavailable", o => Plain(o.At("spec", "maxUnavailable")) ?? "N/A"),
                Numeric("Allowed Disruptions", "disruptionsAllowed"), age,
            ],
            "namespaces" => [new("Status", o => o.Text("status", "phase")), age],
            "secrets" => [new("Type", o => o.Text("type")), new("Data", o => (o["data"] as JsonObject)?.Count ?? 0, Type: "integer"), age],
            "configmaps" =>
                [new("Data", o => ((o["data"] as JsonObject)?.Count ?? 0) + ((o["binaryData"] as JsonObject)?.Count ?? 0), Type: "integer"), age],
            "serviceaccounts" => [new("Secrets", o => o.Objects("secrets").Count(), Type: "integer"), age],
            "endpoints" => [new("Endpoints", Endpoints), age],
            "endpointslices.discovery.k8s.io" =>
            [
                new("AddressType", o => o.Text("addressType")), new("Ports", o => Join(o.Objects("ports").Select(p => p.Number("port")?.ToString(CultureInfo.InvariantCulture)))),
                new("Endpoints", o => Join(o.Objects("endpoints").SelectMany(e => e.Texts("addresses")))), age,
            ],
            "persistentvolumes" =>
            [
                new("Capacity", o => o.Text("spec", "capacity", "storage")), new("Access Modes", o => Modes(o)),
                new("Reclaim Policy", o => o.Text("spec", "persistentVolumeReclaimPolicy")), new("Status", o => Phase(o)),
                new("Claim", o => o.At("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : ""),
                new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), new("Reason", o => o.Text("status", "reason") ?? ""), age,
            ],
            "persistentvolumeclaims" =>
            [
                new("Status", o => Phase(o)), new("Volume", o => o.Text("spec", "volumeName") ?? ""),
                new("Capacity", o => o.Text("status", "capacity", "storage") ?? ""), new("Access Modes", o => Modes(o)),
                new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), age,
            ],
            "storageclasses.storage.k8s.io" =>
            [
                new("Provisioner", o => o.Text("provisioner")), new("ReclaimPolicy", o => o.Text("reclaimPolicy")),
                new("VolumeBindingMode", o => o.Text("volumeBindingMode")), age,
            ],
            "events" or "events.events.k8s.io" =>
            [
                new("Last Seen", o => Since(o.Text("lastTimestamp") ?? o.Text("series", "lastObservedTime") ?? o.Text("eventTime") ?? o.Text("metadata", "creationTimestamp"))),
                new("Type", o => o.Text("type")), new("Reason", o => o.Text("reason")),
                new("Object", o => $"{o.Text("involvedObject", "kind")?.ToLowerInvariant()}/{o.Text("involvedObject", "name")}"),
                new("Message", o => (o.Text("message") ?? o.Text("note"))?.Trim()),
            ],
            "certificatesigningrequests.certificates.k8s.io" =>
            [
                age, new("SignerName", o => o.Text("spec", "signerName")), new("Requestor", o => o.Text("spec", "username") ?? "<none>"),
                new("RequestedDuration", o => "<none>"),
                new("Condition", o => (Condition(o, "Approved") ? "Approved" : Condition(o, "Denied") ? "Denied" : "Pending") + (o.Text("status", "certificate") is { Length: > 0 } ? ",Issued" : "")),
            ],
            "customresourcedefinitions.apiextensions.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
            "leases.coordination.k8s.io" => [new("Holder", o => o.Text("spec", "holderIdentity") ?? ""), age],
            "roles.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
            "rolebindings.rbac.authorization.k8s.io" or "clusterrolebindings.rbac.authorization.k8s.io" =>
                [new("Role", o => $"{o.Text("roleRef", "kind")}/{o.Text("roleRef", "name")}"), age],
            "mutatingwebhookconfigurations.admissionregistration.k8s.io" or "validatingwebhookconfigurations.admissionregistration.k8s.io" =>
                [new("Webhooks", o => o.Objects("webhooks").Count(), Type: "integer"), age],
            "networkpolicies.networking.k8s.io" => [new("Pod-Selector", o => Labels(o.At("spec", "podSelector", "matchLabels"))), age],
            _ => null,
        };
    }

    private static Column Numeric(string name, string field) => new(name, o => Count(o, field), Type: "integer");

    /// <summary>A number or a text as text.</summary>
    private static string? Plain(JsonNode? value) => value.Text() ?? value?.ToJsonString();

    private static long Count(JsonObject o, string field) => o.Number("status", field) ?? 0;

    private static bool Condition(JsonObject o, string type) =>
        o.Objects("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");

    private static JsonNode NodeStatus(JsonObject o) =>
        (Condition(o, "Ready") ? "Ready" : "NotReady") + (o.Flag("spec", "unschedulable") ? ",SchedulingDisabled" : "");

    private static JsonNode Roles(JsonObject o)
    {
        const string Prefix = "node-role.kubernetes.io/";
        var roles = (o.At("metadata", "labels") as JsonObject ?? []).Select(l => l.Key)
            .Where(k => k.StartsWith(Prefix, StringComparison.Ordinal)).Select(k => k[Prefix.Length..]).Order(StringComparer.Ordinal).ToList();
        return roles.Count > 0 ? string.Join(',', roles) : "<none>";
    }

    private static string Address(JsonObject o, string type) =>
        o.Objects("status", "addresses").FirstOrDefault(a => a.Text("type") == type).Text("address") ?? "<none>";

    private static JsonNode ExternalIp(JsonObject o)
    {
        var addresses = o.Texts("spec", "externalIPs").Concat(o.Objects("status", "loadBalancer", "ingress").Select(i => i.Text("ip") ?? i.Text("hostname") ?? "")).ToList();
        return addresses.Count > 0 ? string.Join(',', addresses) : o.Text("spec", "type") == "LoadBalancer" ? "<pending>" : o.Text("spec", "externalName") ?? "<none>";
    }

    private static JsonNode Ports(JsonObject o) => Join(o.Objects("spec", "ports").Select(p =>
        $"{p.Number("port")}{(p.Number("nodePort") is > 0 and var node ? $":{node}" : "")}/{p.Text("protocol")}"));

    private static JsonNode Endpoints(JsonObject o) => Join(o.Objects("subsets").SelectMany(s =>
        s.Objects("addresses").SelectMany(a => s.Objects("ports").Select(p => $"{a.Text("ip")}:{p.Number("port")}"))));

    private static string Join(IEnumerable<string?> texts) => string.Join(',', texts) is { Length: > 0 } joined ? joined : "<none>";

    private static string Labels(JsonNode? labels) =>
        labels is JsonObject { Count: > 0 } map ? string.Join(',', map.Select(l => $"{l.Key}={l.Value}")) : "<none>";

    private static string Phase(JsonObject o) =>
        o.At("metadata", "deletionTimestamp") is null ? o.Text("status", "phase") ?? "" : "Terminating";

    private static string Modes(JsonObject o) => string.Join(',', o.Texts("spec", "accessModes").Select(m => m switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => m,
    }));

    private static IEnumerable<Column> Containers(params string[] template) =>
    [
        new("Containers", o => Join(o.Objects(["spec", .. template, "spec", "containers"]).Select(c => c.Text("name"))), Wide: true),
        new("Images", o => Join(o.Objects(["spec", .. template, "spec", "containers"]).Select(c => c.Text("image"))), Wide: true),
    ];
}
