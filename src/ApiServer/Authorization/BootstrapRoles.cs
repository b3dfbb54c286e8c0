using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>The roles and bindings that every cluster has from its first moment.</summary>
internal static class BootstrapRoles
{
    /// <summary>The annotation of objects that a start of the server brings up to date, unless it says <c>false</c>.</summary>
    public const string Autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] All = ["*"];

    /// <summary>The cluster roles.</summary>
    public static IEnumerable<JsonObject> Roles() =>
    [
        Role("cluster-admin", Rule(All, All, All), Paths(All, All)),
        .. UserRoles.All(),
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

    /// <summary>Adds to a role or a binding what it has lost of what it is made with; nothing of what was added to it goes.</summary>
    /// <returns>Whether there was something to add.</returns>
    public static bool Heal(JsonObject present, JsonObject made)
    {
        if (present.Text("metadata", "annotations", Autoupdate) == "false")
        {
            return false;
        }

        var isHealed = made["aggregationRule"] is not null && present["aggregationRule"] is null;
        if (isHealed)
        {
            present["aggregationRule"] = made["aggregationRule"]!.DeepClone();
        }

        foreach (var field in (string[])["rules", "subjects"])
        {
            var lost = made.Objects(field).Where(m => !present.Objects(field).Any(p => JsonNode.DeepEquals(p, m))).ToList();
            if (lost.Count > 0)
            {
                present[field] = new JsonArray([.. present.Objects(field).Concat(lost).Select(v => v.DeepClone())]);
                isHealed = true;
            }
        }

        return isHealed;
    }

    internal static JsonObject Role(string name, params JsonObject[] rules) => Object("ClusterRole", name, new() { ["rules"] = new JsonArray([.. rules]) });

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
                ["name"] = name,
                ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
                ["annotations"] = new JsonObject { [Autoupdate] = "true" },
            },
        };
        foreach (var (field, node) in content.ToList())
        {
            content.Remove(field);
            value[field] = node;
        }

        return value;
    }

    internal static JsonObject Rule(string[] verbs, string[] groups, string[] resources) => new()
    {
        ["apiGroups"] = List(groups), ["resources"] = List(resources), ["verbs"] = List(verbs),
    };

    private static JsonObject Paths(string[] verbs, string[] paths) => new() { ["nonResourceURLs"] = List(paths), ["verbs"] = List(verbs) };

    private static JsonArray List(string[] texts) => [.. texts.Select(t => (JsonNode)t)];
}
