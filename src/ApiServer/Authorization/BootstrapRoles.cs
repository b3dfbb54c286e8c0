using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Authorization;

/// <summary>The roles and bindings that every cluster has from its first moment.</summary>
internal static class BootstrapRoles
{
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] All = ["*"];

    /// <summary>The cluster roles.</summary>
    public static IEnumerable<JsonObject> Roles() =>
    [
        Role("cluster-admin", Rule(All, All, All), Paths(All, All)),
        Role("admin", Rule(All, All, All)),
        Role("edit", Rule(All, All, All)),
        Role("view", Rule(Read, All, All)),
        Role("system:discovery", Paths(["get"], ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/openapi", "/openapi/*", "/version", "/version/"])),
        Role("system:public-info-viewer", Paths(["get"], ["/healthz", "/livez", "/readyz", "/version", "/version/"])),
        Role(
            "system:basic-user",
            Rule(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            Rule(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"])),
        Role(
            "system:node",
            Rule(All, [""], ["nodes", "nodes/status", "pods", "pods/status", "pods/eviction", "events", "serviceaccounts/token"]),
            Rule(Read, [""], ["services", "endpoints", "secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "namespaces"]),
            Rule(All, ["coordination.k8s.io"], ["leases"]),
            Rule(Read, ["storage.k8s.io", "node.k8s.io", "discovery.k8s.io"], All),
            Rule(["create", "get", "list", "watch"], ["certificates.k8s.io"], ["certificatesigningrequests"]),
            Rule(["create"], ["authentication.k8s.io", "authorization.k8s.io"], All)),
        Role("system:node-bootstrapper", Rule(["create", "get", "list", "watch"], ["certificates.k8s.io"], ["certificatesigningrequests"])),
        Role("system:auth-delegator", Rule(["create"], ["authentication.k8s.io"], ["tokenreviews"]), Rule(["create"], ["authorization.k8s.io"], ["subjectaccessreviews"])),
        Role("kubeadm:get-nodes", Rule(["get"], [""], ["nodes"])),
        Role("system:kubelet-bootstrap-info", Rule(["get"], [""], ["configmaps"])),
    ];

    /// <summary>The cluster role bindings.</summary>
    public static IEnumerable<JsonObject> Bindings() =>
    [
        Binding("cluster-admin", "cluster-admin", "system:masters"),
        Binding("system:discovery", "system:discovery", "system:authenticated"),
        Binding("system:basic-user", "system:basic-user", "system:authenticated"),
        Binding("system:public-info-viewer", "system:public-info-viewer", "system:authenticated", "system:unauthenticated"),
        Binding("system:node", "system:node", "system:nodes"),
        Binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", "system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"),
        Binding("kubeadm:get-nodes", "kubeadm:get-nodes", "system:bootstrappers:kubeadm:default-node-token"),
    ];

    private static JsonObject Role(string name, params JsonObject[] rules) => Object("ClusterRole", name, new() { ["rules"] = new JsonArray([.. rules]) });

    private static JsonObject Binding(string name, string role, params string[] groups) => Object("ClusterRoleBinding", name, new()
    {
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
        ["subjects"] = new JsonArray([.. groups.Select(g => new JsonObject
        {
            ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = g,
        })]),
    });

    private static JsonObject Object(string kind, string name, JsonObject content)
    {
        var value = new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
            },
        };
        foreach (var (field, node) in content.ToList())
        {
            content.Remove(field);
            value[field] = node;
        }

        return value;
    }

    private static JsonObject Rule(string[] verbs, string[] groups, string[] resources) => new()
    {
        ["apiGroups"] = List(groups), ["resources"] = List(resources), ["verbs"] = List(verbs),
    };

    private static JsonObject Paths(string[] verbs, string[] paths) => new() { ["nonResourceURLs"] = List(paths), ["verbs"] = List(verbs) };

    private static JsonArray List(string[] texts) => [.. texts.Select(t => (JsonNode)t)];
}
