using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <summary>The columns of built-in kinds.</summary>
internal sealed class TableCells(TimeProvider time)
{
    /// <summary>The time since a timestamp.</summary>
    public string Since(string? timestamp) => Time(timestamp) is { } then ? Ages.Show(time.GetUtcNow() - then) : "<unknown>";

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
            "replicationcontrollers" =>
            [
                new("Desired", o => o.Number("spec", "replicas") ?? 1, Type: "integer"), Numeric("Current", "replicas"), Numeric("Ready", "readyReplicas"), age,
                .. Containers("template"), new("Selector", o => Labels(o.At("spec", "selector")), Wide: true),
            ],
            "jobs.batch" =>
            [
                new("Status", JobStatus), new("Completions", Completions), new("Duration", Duration), age, .. Containers("template"),
                new("Selector", o => Labels(o.At("spec", "selector", "matchLabels")), Wide: true),
            ],
            "controllerrevisions.apps" =>
            [
                new("Controller", o => o.Objects("metadata", "ownerReferences").FirstOrDefault(r => r.Flag("controller")) is { } owner
                    ? $"{Qualified(owner.Text("kind"), owner.Text("apiVersion")?.Split('/') is [var group, _] ? group : "")}/{owner.Text("name")}" : "<none>"),
                new("Revision", o => o.Number("revision") ?? 0, Type: "integer"), age,
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
                new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), AttributesClass, new("Reason", o => o.Text("status", "reason") ?? ""), age, VolumeMode,
            ],
            "persistentvolumeclaims" =>
            [
                new("Status", o => Phase(o)), new("Volume", o => o.Text("spec", "volumeName") ?? ""),
                new("Capacity", o => o.Text("status", "capacity", "storage") ?? ""), new("Access Modes", o => Modes(o)),
                new("StorageClass", o => o.Text("spec", "storageClassName") ?? ""), AttributesClass, age, VolumeMode,
            ],
            "storageclasses.storage.k8s.io" =>
            [
                new("Provisioner", o => o.Text("provisioner")), new("ReclaimPolicy", o => o.Text("reclaimPolicy") ?? "Delete"),
                new("VolumeBindingMode", o => o.Text("volumeBindingMode") ?? "Immediate"), Boolean("AllowVolumeExpansion", "allowVolumeExpansion"), age,
            ],
            "volumeattachments.storage.k8s.io" =>
            [
                new("Attacher", o => o.Text("spec", "attacher")), new("PV", o => o.Text("spec", "source", "persistentVolumeName") ?? ""),
                new("Node", o => o.Text("spec", "nodeName")), Boolean("Attached", "status", "attached"), age,
            ],
            "csinodes.storage.k8s.io" => [new("Drivers", o => o.Objects("spec", "drivers").Count(), Type: "integer"), age],
            "csidrivers.storage.k8s.io" =>
            [
                Boolean("AttachRequired", "spec", "attachRequired"), Boolean("PodInfoOnMount", "spec", "podInfoOnMount"),
                Boolean("StorageCapacity", "spec", "storageCapacity"),
                new("TokenRequests", o => string.Join(',', o.Objects("spec", "tokenRequests").Select(t => t.Text("audience"))) is { Length: > 0 } audiences ? audiences : "<unset>"),
                Boolean("RequiresRepublish", "spec", "requiresRepublish"), new("Modes", o => Join(o.Texts("spec", "volumeLifecycleModes"))), age,
            ],
            "events" or "events.events.k8s.io" => EventCells.Columns(Since),
            "ingresses.networking.k8s.io" =>
            [
                new("Class", o => o.Text("spec", "ingressClassName") ?? "<none>"), new("Hosts", Hosts),
                new("Address", o => string.Join(',', o.Objects("status", "loadBalancer", "ingress").Select(i => i.Text("ip") ?? i.Text("hostname")))),
                new("Ports", o => o.Objects("spec", "tls").Any() ? "80, 443" : "80"), age,
            ],
            "ingressclasses.networking.k8s.io" =>
            [
                new("Controller", o => o.Text("spec", "controller")),
                new("Parameters", o => o.At("spec", "parameters") is { } of ? $"{Qualified(of.Text("kind"), of.Text("apiGroup"))}/{of.Text("name")}" : "<none>"), age,
            ],
            "horizontalpodautoscalers.autoscaling" =>
            [
                new("Reference", o => $"{o.Text("spec", "scaleTargetRef", "kind")}/{o.Text("spec", "scaleTargetRef", "name")}"), new("Targets", AutoscalerCells.Targets),
                new("MinPods", o => Plain(o.At("spec", "minReplicas")) ?? "<unset>"), new("MaxPods", o => o.Number("spec", "maxReplicas") ?? 0, Type: "integer"),
                Numeric("Replicas", "currentReplicas"), age,
            ],
            "resourcequotas" => [new("Request", o => Quota(o, limits: false)), new("Limit", o => Quota(o, limits: true)), age],
            "priorityclasses.scheduling.k8s.io" =>
            [
                new("Value", o => o.Number("value") ?? 0, Type: "integer"), Boolean("Global-Default", "globalDefault"), age,
                new("PreemptionPolicy", o => o.Text("preemptionPolicy") ?? "<unset>"),
            ],
            "runtimeclasses.node.k8s.io" => [new("Handler", o => o.Text("handler")), age],
            "apiservices.apiregistration.k8s.io" =>
            [
                new("Service", o => o.At("spec", "service") is { } service ? $"{service.Text("namespace")}/{service.Text("name")}" : "Local"),
                new("Available", o => o.Objects("status", "conditions").FirstOrDefault(c => c.Text("type") == "Available") is not { } condition ? "Unknown"
                    : condition.Text("status") == "True" ? "True" : $"{condition.Text("status")} ({condition.Text("reason")})"), age,
            ],
            "validatingadmissionpolicies.admissionregistration.k8s.io" =>
            [
                new("Validations", o => o.Objects("spec", "validations").Count(), Type: "integer"),
                new("ParamKind", o => o.At("spec", "paramKind") is { } kind ? $"{kind.Text("apiVersion")}/{kind.Text("kind")}" : "<unset>"), age,
            ],
            "validatingadmissionpolicybindings.admissionregistration.k8s.io" =>
            [
                new("PolicyName", o => o.Text("spec", "policyName")),
                new("ParamRef", o => o.At("spec", "paramRef") is not { } of ? "<unset>"
                    : of.Text("name") is { Length: > 0 } named ? string.Join('/', new[] { of.Text("namespace"), named }.Where(p => p?.Length > 0)) : "*"), age,
            ],
            "certificatesigningrequests.certificates.k8s.io" =>
            [
                age, new("SignerName", o => o.Text("spec", "signerName")), new("Requestor", o => o.Text("spec", "username") ?? "<none>"),
                new("RequestedDuration", o => o.Number("spec", "expirationSeconds") is { } seconds ? Ages.Show(TimeSpan.FromSeconds(seconds)) : "<none>"),
                new("Condition", o => (Condition(o, "Approved") ? "Approved" : Condition(o, "Denied") ? "Denied" : "Pending") + (Condition(o, "Failed") ? ",Failed" : "") + (o.Text("status", "certificate") is { Length: > 0 } ? ",Issued" : "")),
            ],
            "customresourcedefinitions.apiextensions.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
            "leases.coordination.k8s.io" => [new("Holder", o => o.Text("spec", "holderIdentity") ?? ""), age],
            "limitranges" or "roles.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
            "rolebindings.rbac.authorization.k8s.io" or "clusterrolebindings.rbac.authorization.k8s.io" =>
            [
                new("Role", o => $"{o.Text("roleRef", "kind")}/{o.Text("roleRef", "name")}"), age, new("Users", o => Subjects(o, "User"), Wide: true),
                new("Groups", o => Subjects(o, "Group"), Wide: true), new("ServiceAccounts", o => Subjects(o, "ServiceAccount"), Wide: true),
            ],
            "mutatingwebhookconfigurations.admissionregistration.k8s.io" or "validatingwebhookconfigurations.admissionregistration.k8s.io" =>
                [new("Webhooks", o => o.Objects("webhooks").Count(), Type: "integer"), age],
            "networkpolicies.networking.k8s.io" => [new("Pod-Selector", o => Labels(o.At("spec", "podSelector", "matchLabels"))), age],
            _ => null,
        };
    }

    /// <summary>The name, with a word to that class which is taken where none is said.</summary>
    public static Column Name(GroupResource resource)
    {
        var annotation = resource.ToString() switch
        {
            "storageclasses.storage.k8s.io" => "storageclass.kubernetes.io/is-default-class",
            "ingressclasses.networking.k8s.io" => "ingressclass.kubernetes.io/is-default-class",
            _ => null,
        };
        return new("Name", o => annotation is not null && o.Text("metadata", "annotations", annotation) == "true" ? o.Name() + " (default)" : o.Name());
    }

    private static DateTimeOffset? Time(string? timestamp) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var then) ? then : null;

    private static Column AttributesClass => new("VolumeAttributesClass", o => o.Text("spec", "volumeAttributesClassName") ?? "<unset>");

    private static Column VolumeMode => new("VolumeMode", o => o.Text("spec", "volumeMode") ?? "<unset>", Wide: true);

    private static Column Boolean(string name, params string[] path) => new(name, o => o.Flag(path), Type: "boolean");

    private static Column Numeric(string name, string field) => new(name, o => Count(o, field), Type: "integer");

    /// <summary>A number or a text as text.</summary>
    private static string? Plain(JsonNode? value) => value.Text() ?? value?.ToJsonString();

    private static long Count(JsonObject o, string field) => o.Number("status", field) ?? 0;

    private static bool Condition(JsonObject o, string type) =>
        o.Objects("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");

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

    private static JsonNode Hosts(JsonObject o)
    {
        const int Shown = 3;
        var hosts = o.Objects("spec", "rules").Select(r => r.Text("host")).Where(h => h?.Length > 0).ToList();
        return hosts.Count == 0 ? "*" : string.Join(',', hosts.Take(Shown)) + (hosts.Count > Shown ? $" + {hosts.Count - Shown} more..." : "");
    }

    private static JsonNode Quota(JsonObject o, bool limits) => string.Join(", ", (o.At("status", "hard") as JsonObject ?? [])
        .Where(h => h.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
        .OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}: {Plain(o.At("status", "used", h.Key)) ?? "0"}/{Plain(h.Value)}"));

    private static JsonNode Subjects(JsonObject o, string kind) => string.Join(", ", o.Objects("subjects").Where(s => s.Text("kind") == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));

    private static string Qualified(string? kind, string? group) => group is { Length: > 0 } ? $"{kind}.{group}" : kind ?? "";

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
