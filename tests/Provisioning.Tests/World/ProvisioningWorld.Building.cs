using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Provisioning.Tests.World;

/// <content>What surrounds the controller.</content>
internal sealed partial class ProvisioningWorld
{
    /// <summary>
    /// Lets the API server ask the controller about its kinds, as the operator's manifest says; start the controller with
    /// <c>--webhook-port</c> and the returned port.
    /// </summary>
    public async Task<int> UseWebhooksAsync()
    {
        int port;
        using (var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp))
        {
            socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Any, 0));
            port = ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
        }

        var folder = Directory.CreateDirectory(Path.Combine(_folder, "serving")).FullName;
        var (certificate, key) = _authority.Issue("webhook", [], isServer: true, $"dpf-provisioning-webhook-service.{Namespace}.svc");
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), certificate, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), key, Cancellation);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: webhooks
              namespace: {{Namespace}}
              labels: {kubernetes.io/service-name: dpf-provisioning-webhook-service}
            addressType: IPv4
            endpoints: [{addresses: ["127.0.0.1"], conditions: {ready: true} }]
            ports: [{port: {{port}}}]
            """);
        foreach (var value in await OperatorManifestAsync("Service", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"))
        {
            foreach (var hook in value["webhooks"] as JsonArray ?? [])
            {
                hook!["clientConfig"]!["caBundle"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(_authority.Pem));
            }

            await Admin.ApplyAsync(value, "test", Cancellation, Namespace);
        }

        return port;
    }

    /// <summary>Gives a DPU, as an installation would have, a token to join its cluster with.</summary>
    public async Task AddJoinTokenAsync(string dpu, DateTimeOffset end)
    {
        var value = await Admin.HasAsync<Dpu>(Namespace, dpu);
        await DpuAdmin.CreateAsync(Provisioning.Dpus.JoinTokens.Plan(value, "abcdef", "0123456789abcdef", end), Cancellation);
    }

    private async Task BuildAsync(bool withDpuCluster)
    {
        Directory.CreateDirectory(BfbFolder);
        Web = await FakeWeb.StartAsync();
        _management = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        Admin = KubeClient.FromKubeconfig(_management.AdminKubeconfig);
        foreach (var file in (string[])["charts/dpf-operator/crds", "stand-ins/cert-manager/crds", "stand-ins/maintenance-operator-chart/crds"])
        {
            foreach (var definition in Directory.GetFiles(Path.Combine(Repository(), "deploy", file), "*.yaml"))
            {
                await Admin.ApplyYamlAsync(await File.ReadAllTextAsync(definition, Cancellation));
            }
        }

        await Eventually.SeeAsync(
            () => Admin.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.All(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true));
        await AccountAsync();
        var (certificate, key) = _authority.Issue("dpf-provisioning-client-cert", [], isServer: false);
        await SecretAsync("dpf-provisioning-client-secret", certificate, key);
        _certificates = Task.Run(IssueAsync);
        if (withDpuCluster)
        {
            await AddDpuClusterAsync();
        }
    }

    private async Task AddDpuClusterAsync()
    {
        _dpuServer = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        DpuAdmin = KubeClient.FromKubeconfig(_dpuServer.AdminKubeconfig);
        await Admin.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: dpu-cplane-tenant1}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: tenant1-admin-kubeconfig, namespace: dpu-cplane-tenant1}
            data: {admin.conf: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(_dpuServer.AdminKubeconfig))}}}
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: tenant1, namespace: dpu-cplane-tenant1}
            spec: {type: static, version: v1.30.2, kubeconfig: tenant1-admin-kubeconfig}
            """);
        await Admin.PatchStatusAsync<DpuCluster>(
            "dpu-cplane-tenant1", "tenant1",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Creating",
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Created", ["status"] = "True", ["reason"] = "Created", ["message"] = "", ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                    }),
                },
            },
            Cancellation);
    }

    /// <summary>The account that the operator makes for the controller, with exactly its rights.</summary>
    private async Task AccountAsync()
    {
        await Admin.ApplyYamlAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Namespace}}}");
        foreach (var value in await OperatorManifestAsync("ServiceAccount", "ClusterRole", "ClusterRoleBinding"))
        {
            await Admin.ApplyAsync(value, "test", Cancellation, Namespace);
        }

        var answer = await Admin.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{Namespace}/serviceaccounts/dpf-provisioning-controller-manager/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "account")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), (string)answer!["status"]!["token"]!, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), _management!.CaPem, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), Namespace, Cancellation);
    }

    private static async Task<IEnumerable<JsonObject>> OperatorManifestAsync(params string[] kinds)
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(Repository(), "src/Operator/Manifests/provisioning-controller.yaml"), Cancellation);
        return Manifests.Parse(manifest, "provisioning-controller.yaml").Where(v => kinds.Contains((string?)v["kind"]));
    }

    /// <summary>Does what cert-manager does.</summary>
    private async Task IssueAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var certificate in await Admin.ListAsync("cert-manager.io/v1", "Certificate", Namespace, _stop.Token))
            {
                var name = (string)certificate["spec"]!["secretName"]!;
                if (await Admin.GetAsync<V1Secret>(Namespace, name, _stop.Token) is null)
                {
                    var (pem, key) = _authority.Issue("server", certificate["spec"]!["ipAddresses"]!.AsArray().Select(a => (string)a!), isServer: true);
                    await SecretAsync(name, pem, key);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, _stop.Token);
        }
    }

    private Task SecretAsync(string name, string certificate, string key) => Admin.CreateAsync(
        new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Namespace },
            Data = new Dictionary<string, byte[]>
            {
                ["ca.crt"] = Encoding.UTF8.GetBytes(_authority.Pem), ["tls.crt"] = Encoding.UTF8.GetBytes(certificate), ["tls.key"] = Encoding.UTF8.GetBytes(key),
            },
        },
        _stop.Token);
}
