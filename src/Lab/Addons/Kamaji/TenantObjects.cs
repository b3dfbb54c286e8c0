using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;

namespace Dpf.Lab.Addons.Kamaji;

/// <summary>What a tenant's control plane leaves in its host cluster and starts its own with: pure.</summary>
internal static class TenantObjects
{
    /// <summary>The name of the Secret with the administrator's kubeconfig.</summary>
    public static string AdminSecret(string name) => $"{name}-admin-kubeconfig";

    /// <summary>A kubeconfig whose cluster has the tenant's name, which is how others address it.</summary>
    public static string Kubeconfig(string name, string server, string authority, string certificate, string key)
    {
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: {name}
              cluster:
                server: {server}
                certificate-authority-data: {Base64(authority)}
            users:
            - name: kubernetes-admin
              user:
                client-certificate-data: {Base64(certificate)}
                client-key-data: {Base64(key)}
            contexts:
            - name: kubernetes-admin@{name}
              context:
                cluster: {name}
                user: kubernetes-admin
            current-context: kubernetes-admin@{name}

            """;
    }

    /// <summary>The administrator's Secret.</summary>
    public static V1Secret Admin(TenantControlPlane tenant, string kubeconfig) => Secret(
        tenant, AdminSecret(tenant.Metadata.Name), "admin-kubeconfig",
        new Dictionary<string, byte[]> { ["admin.conf"] = Encoding.UTF8.GetBytes(kubeconfig), ["super-admin.conf"] = Encoding.UTF8.GetBytes(kubeconfig) });

    /// <summary>The authority's certificate; its key stays where the server is.</summary>
    public static V1Secret Authority(TenantControlPlane tenant, string pem) => Secret(
        tenant, $"{tenant.Metadata.Name}-ca", "ca", new Dictionary<string, byte[]> { ["ca.crt"] = Encoding.UTF8.GetBytes(pem) });

    /// <summary>The server as the endpoint of the tenant's Service.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="node">The node that it runs on.</param>
    /// <param name="address">The node's address.</param>
    public static V1EndpointSlice Endpoint(TenantControlPlane tenant, string node, string address) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = tenant.Metadata.Name + "-kamaji",
            NamespaceProperty = tenant.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string>
            {
                ["kubernetes.io/service-name"] = tenant.Metadata.Name,
                ["endpointslice.kubernetes.io/managed-by"] = "kamaji",
            },
            OwnerReferences = [ControlPlane.Workloads.PodTemplates.ControllerReference(tenant)],
        },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "kube-apiserver", Protocol = "TCP", Port = tenant.ListenPort }],
        Endpoints =
        [
            new V1Endpoint { Addresses = [address], NodeName = node, Conditions = new V1EndpointConditions { Ready = true } },
        ],
    };

    /// <summary>What a joining machine reads first, and what it may do.</summary>
    public static IEnumerable<JsonObject> Bootstrap(string server, string authority)
    {
        var kubeconfig = $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: ""
              cluster:
                server: {server}
                certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(authority))}
            contexts: []
            users: []

            """;
        yield return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "cluster-info", ["namespace"] = "kube-public" },
            ["data"] = new JsonObject { ["kubeconfig"] = kubeconfig },
        };
        yield return Role("system:node-bootstrapper", "certificates.k8s.io", "certificatesigningrequests", "create", "get", "list", "watch");
        yield return Role("kubeadm:get-nodes", "", "nodes", "get");
        yield return Binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper");
        yield return Binding("kubeadm:get-nodes", "kubeadm:get-nodes");
    }

    private static V1Secret Secret(TenantControlPlane tenant, string name, string component, Dictionary<string, byte[]> data) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = tenant.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string>
            {
                ["kamaji.clastix.io/name"] = tenant.Metadata.Name,
                ["kamaji.clastix.io/component"] = component,
                ["kamaji.clastix.io/project"] = "kamaji",
            },
            OwnerReferences = [ControlPlane.Workloads.PodTemplates.ControllerReference(tenant)],
        },
        Type = "Opaque",
        Data = data,
    };

    private static JsonObject Role(string name, string group, string resource, params string[] verbs) => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "ClusterRole",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["rules"] = new JsonArray(new JsonObject
        {
            ["apiGroups"] = new JsonArray(group),
            ["resources"] = new JsonArray(resource),
            ["verbs"] = new JsonArray([.. verbs.Select(v => (JsonNode)v)]),
        }),
    };

    private static JsonObject Binding(string name, string role) => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "ClusterRoleBinding",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
        ["subjects"] = new JsonArray(new JsonObject
        {
            ["apiGroup"] = "rbac.authorization.k8s.io",
            ["kind"] = "Group",
            ["name"] = "system:bootstrappers:kubeadm:default-node-token",
        }),
    };
}
