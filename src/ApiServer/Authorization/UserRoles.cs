using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Authorization;

/// <summary>
/// The roles for people: <c>view</c> sees what is no secret, <c>edit</c> changes workloads, <c>admin</c> gives rights in its
/// namespace too. Each is the sum of the roles with its label, so that whoever defines kinds can add them.
/// </summary>
internal static class UserRoles
{
    private const string Aggregate = "rbac.authorization.k8s.io/aggregate-to-";
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "delete", "deletecollection", "patch", "update"];
    private static readonly string[] Core = [""];

    private static readonly string[] Workloads =
        ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"];

    /// <summary>The roles.</summary>
    public static IEnumerable<JsonObject> All() =>
    [
        Sum("admin"),
        Labelled(Sum("edit"), "admin"),
        Labelled(Sum("view"), "edit"),
        Part(
            "admin",
            BootstrapRoles.Rule(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews"]),
            BootstrapRoles.Rule([.. Read, .. Write], ["rbac.authorization.k8s.io"], ["rolebindings", "roles"])),
        Part(
            "edit",
            BootstrapRoles.Rule(Read, Core, ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]),
            BootstrapRoles.Rule(["impersonate"], Core, ["serviceaccounts"]),
            BootstrapRoles.Rule(Write, Core, ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
            BootstrapRoles.Rule(["create"], Core, ["pods/eviction", "serviceaccounts/token"]),
            BootstrapRoles.Rule(
                Write, Core,
                ["configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale", "secrets", "serviceaccounts", "services", "services/proxy"]),
            BootstrapRoles.Rule(Write, ["apps"], [.. Workloads, "deployments/rollback"]),
            BootstrapRoles.Rule(Write, ["autoscaling"], ["horizontalpodautoscalers"]),
            BootstrapRoles.Rule(Write, ["batch"], ["cronjobs", "jobs"]),
            BootstrapRoles.Rule(Write, ["policy"], ["poddisruptionbudgets"]),
            BootstrapRoles.Rule(Write, ["networking.k8s.io"], ["ingresses", "networkpolicies"]),
            BootstrapRoles.Rule([.. Read, .. Write], ["coordination.k8s.io"], ["leases"])),
        Part(
            "view",
            BootstrapRoles.Rule(
                Read, Core,
                [
                    "bindings", "configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status", "persistentvolumeclaims",
                    "persistentvolumeclaims/status", "pods", "pods/log", "pods/status", "replicationcontrollers", "replicationcontrollers/scale",
                    "replicationcontrollers/status", "resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status",
                ]),
            BootstrapRoles.Rule(Read, ["discovery.k8s.io"], ["endpointslices"]),
            BootstrapRoles.Rule(
                Read, ["apps"], ["controllerrevisions", .. Workloads, "daemonsets/status", "deployments/status", "replicasets/status", "statefulsets/status"]),
            BootstrapRoles.Rule(Read, ["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
            BootstrapRoles.Rule(Read, ["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
            BootstrapRoles.Rule(Read, ["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"]),
            BootstrapRoles.Rule(Read, ["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"])),
    ];

    private static JsonObject Sum(string name)
    {
        var role = BootstrapRoles.Role(name);
        role["aggregationRule"] = new JsonObject
        {
            ["clusterRoleSelectors"] = new JsonArray(new JsonObject { ["matchLabels"] = new JsonObject { [Aggregate + name] = "true" } }),
        };
        return role;
    }

    private static JsonObject Part(string of, params JsonObject[] rules) => Labelled(BootstrapRoles.Role("system:aggregate-to-" + of, rules), of);

    private static JsonObject Labelled(JsonObject role, string of)
    {
        role["metadata"]!["labels"]![Aggregate + of] = "true";
        return role;
    }
}
