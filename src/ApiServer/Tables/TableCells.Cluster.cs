using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <content>The cluster itself: nodes, namespaces, rights, events, and what extends the server.</content>
internal sealed partial class TableCells
{
    private IReadOnlyList<Column>? Cluster(GroupResource resource) => resource.ToString() switch
    {
        "nodes" =>
        [
            new("Status", NodeStatus), new("Roles", Roles), Age, new("Version", o => o.Text("status", "nodeInfo", "kubeletVersion") ?? ""),
            new("Internal-IP", o => Address(o, "InternalIP"), Wide: true), new("External-IP", o => Address(o, "ExternalIP"), Wide: true),
            new("OS-Image", o => o.Text("status", "nodeInfo", "osImage") ?? "<unknown>", Wide: true),
            new("Kernel-Version", o => o.Text("status", "nodeInfo", "kernelVersion") ?? "<unknown>", Wide: true),
            new("Container-Runtime", o => o.Text("status", "nodeInfo", "containerRuntimeVersion") ?? "<unknown>", Wide: true),
        ],
        "namespaces" => [new("Status", o => o.Text("status", "phase")), Age],
        "secrets" => [new("Type", o => o.Text("type")), new("Data", o => (o["data"] as JsonObject)?.Count ?? 0, Type: "integer"), Age],
        "configmaps" =>
            [new("Data", o => ((o["data"] as JsonObject)?.Count ?? 0) + ((o["binaryData"] as JsonObject)?.Count ?? 0), Type: "integer"), Age],
        "serviceaccounts" => [new("Secrets", o => o.Objects("secrets").Count(), Type: "integer"), Age],
        "events" or "events.events.k8s.io" => EventCells.Columns(Since),
        "resourcequotas" => [new("Request", o => Quota(o, limits: false)), new("Limit", o => Quota(o, limits: true)), Age],
        "apiservices.apiregistration.k8s.io" =>
        [
            new("Service", o => o.At("spec", "service") is { } service ? $"{service.Text("namespace")}/{service.Text("name")}" : "Local"),
            new("Available", o => o.Objects("status", "conditions").FirstOrDefault(c => c.Text("type") == "Available") is not { } condition ? "Unknown"
                : condition.Text("status") == "True" ? "True" : $"{condition.Text("status")} ({condition.Text("reason")})"), Age,
        ],
        "validatingadmissionpolicies.admissionregistration.k8s.io" =>
        [
            new("Validations", o => o.Objects("spec", "validations").Count(), Type: "integer"),
            new("ParamKind", o => o.At("spec", "paramKind") is { } kind ? $"{kind.Text("apiVersion")}/{kind.Text("kind")}" : "<unset>"), Age,
        ],
        "validatingadmissionpolicybindings.admissionregistration.k8s.io" =>
        [
            new("PolicyName", o => o.Text("spec", "policyName")),
            new("ParamRef", o => o.At("spec", "paramRef") is not { } of ? "<unset>"
                : of.Text("name") is { Length: > 0 } named ? string.Join('/', new[] { of.Text("namespace"), named }.Where(p => p?.Length > 0)) : "*"), Age,
        ],
        "certificatesigningrequests.certificates.k8s.io" =>
        [
            Age, new("SignerName", o => o.Text("spec", "signerName")), new("Requestor", o => o.Text("spec", "username") ?? "<none>"),
            new("RequestedDuration", o => o.Number("spec", "expirationSeconds") is { } seconds ? Ages.Show(TimeSpan.FromSeconds(seconds)) : "<none>"),
            new("Condition", o => (Condition(o, "Approved") ? "Approved" : Condition(o, "Denied") ? "Denied" : "Pending") + (Condition(o, "Failed") ? ",Failed" : "") + (o.Text("status", "certificate") is { Length: > 0 } ? ",Issued" : "")),
        ],
        "customresourcedefinitions.apiextensions.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
        "leases.coordination.k8s.io" => [new("Holder", o => o.Text("spec", "holderIdentity") ?? ""), Age],
        "limitranges" or "roles.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io" => [new("Created At", o => o.Text("metadata", "creationTimestamp"))],
        "rolebindings.rbac.authorization.k8s.io" or "clusterrolebindings.rbac.authorization.k8s.io" =>
        [
            new("Role", o => $"{o.Text("roleRef", "kind")}/{o.Text("roleRef", "name")}"), Age, new("Users", o => Subjects(o, "User"), Wide: true),
            new("Groups", o => Subjects(o, "Group"), Wide: true), new("ServiceAccounts", o => Subjects(o, "ServiceAccount"), Wide: true),
        ],
        "mutatingwebhookconfigurations.admissionregistration.k8s.io" or "validatingwebhookconfigurations.admissionregistration.k8s.io" =>
            [new("Webhooks", o => o.Objects("webhooks").Count(), Type: "integer"), Age],
        _ => null,
    };

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

    private static JsonNode Quota(JsonObject o, bool limits) => string.Join(", ", (o.At("status", "hard") as JsonObject ?? [])
        .Where(h => h.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
        .OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}: {Plain(o.At("status", "used", h.Key)) ?? "0"}/{Plain(h.Value)}"));

    private static JsonNode Subjects(JsonObject o, string kind) => string.Join(", ", o.Objects("subjects").Where(s => s.Text("kind") == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));
}
