using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Runtime.Hosting;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Node;

/// <summary>What a component's pod is given: a machine, an API server, and whom it is there.</summary>
internal static class AgentPod
{
    private const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount/";

    /// <summary>A pod of the namespace <c>default</c>.</summary>
    public static ComponentContext Of(string name, FolderMachine machine, Uri server, string certificateAuthority, string token)
    {
        machine.Write(AccountFolder + "ca.crt", certificateAuthority);
        machine.Write(AccountFolder + "token", token);
        machine.Write(AccountFolder + "namespace", "default");
        return new ComponentContext
        {
            Name = name,
            Environment = new Dictionary<string, string>
            {
                ["KUBERNETES_SERVICE_HOST"] = server.Host, ["KUBERNETES_SERVICE_PORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
            },
            Machine = machine,
            Network = machine,
            Loggers = NullLoggerFactory.Instance,
        };
    }

    /// <summary>The token of an account that may do what these rules say.</summary>
    public static async Task<string> TokenAsync(TestCluster cluster, string rules)
    {
        await cluster.ApplyAsync($$$"""
            {apiVersion: v1, kind: ServiceAccount, metadata: {name: agent, namespace: default}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: agent}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: agent}
            subjects: [{kind: ServiceAccount, name: agent, namespace: default}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: agent}
            rules:
            {{{rules}}}
            """);
        var answer = await cluster.Client.SendRawAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts/agent/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() },
            TestContext.Current.CancellationToken);
        return (string)answer!["status"]!["token"]!;
    }
}
