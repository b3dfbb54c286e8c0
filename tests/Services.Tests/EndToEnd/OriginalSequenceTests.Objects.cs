using System.Net;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using k8s.Models;

namespace Dpf.Services.Tests.EndToEnd;

/// <content>The steps with objects of the services' group.</content>
public sealed partial class OriginalSequenceTests
{
    private const string TestNs = "dpu-test-ns";

    private async Task ServicesAsync()
    {
        await Management.ApplyYamlAsync($$"""
            {{Namespace(TestNs)}}
            apiVersion: v1
            kind: Secret
            metadata: {name: e2e-pull-secret, namespace: {{TestNs}}, labels: {dpu.nvidia.com/image-pull-secret: ""} }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: net1-service, namespace: {{TestNs}}, labels: { {{Cleanup}} } }
            spec: {template: {spec: {template: {spec: {interfaceType: service, service: {serviceID: my-service, network: mybrsfc, interfaceName: net1} } } } } }
            ---
            {{Guestbook("guestbook", "serviceID: my-service, interfaces: [net1-service]")}}
            ---
            {{Guestbook("guestbook-host", "deployInCluster: true")}}
            """);
        await RunEverywhereAsync(["guestbook"]);
        await Eventually.SeeAsync(() => WorkloadsAsync(Management, "in-cluster-guestbook-host"), all => all.Count > 0);
        await Management.ConditionAsync("DPUService", TestNs, "guestbook", "Ready");
        await Management.ConditionAsync("DPUService", TestNs, "guestbook-host", "Ready");
        foreach (var cluster in _dpuClusters.Values)
        {
            await cluster.HasAsync("v1", "Secret", TestNs, "e2e-pull-secret");
            await cluster.HasAsync(Services, "ServiceInterfaceSet", TestNs, "net1-service");
        }

        foreach (var name in new[] { "guestbook", "guestbook-host" })
        {
            await DeleteAsync("DPUService", TestNs, name);
        }

        await Eventually.SeeAsync(() => WorkloadsAsync(Management, "in-cluster-guestbook-host"), all => all.Count == 0);
        foreach (var (name, cluster) in _dpuClusters)
        {
            await Eventually.SeeAsync(() => WorkloadsAsync(cluster, $"{name}-guestbook"), all => all.Count == 0);
        }

        await DeleteAsync("DPUServiceInterface", TestNs, "net1-service");
    }

    private static string Guestbook(string name, string more) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUService
        metadata: {name: {{name}}, namespace: {{TestNs}}, labels: { {{Cleanup}} } }
        spec: {helmChart: {source: {repoURL: "https://github.com/argoproj/argocd-example-apps", path: helm-guestbook, version: HEAD} }, {{more}} }
        """;

    private async Task DeploymentAsync()
    {
        await Management.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUFlavor
            metadata: {name: e2e, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec: {dpuResources: {cpu: 16} }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceTemplate
            metadata: {name: example, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec:
              deploymentServiceName: example
              helmChart: {source: {repoURL: "https://github.com/argoproj/argocd-example-apps", path: helm-guestbook, version: HEAD} }
              resourceRequirements: {cpu: 1}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceConfiguration
            metadata: {name: example, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec: {deploymentServiceName: example, interfaces: [{name: app-iface, network: mybrsfc}]}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUDeployment
            metadata: {name: example, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec:
              dpus: {bfb: e2e, flavor: e2e, dpuSets: [{nameSuffix: dpuset1, nodeSelector: {matchLabels: {e2e: none} } }]}
              services: {example: {serviceTemplate: example, serviceConfiguration: example} }
              serviceChains: [{ports: [{service: {name: example, interface: app-iface} }]}]
            """);
        await ChildrenAsync(1);
        await DeleteAsync("DPUDeployment", Ns, "example");
        await ChildrenAsync(0);
        await DeleteAsync("DPUServiceTemplate", Ns, "example");
        await DeleteAsync("DPUServiceConfiguration", Ns, "example");

        async Task ChildrenAsync(int count)
        {
            var selector = $"svc.dpu.nvidia.com/owned-by-dpudeployment={Ns}_example";
            await Eventually.SeeAsync(() => Management.ListAsync<DpuSet>(Ns, Cancellation, selector), all => all.Count == count);
            await Eventually.SeeAsync(() => Management.ListAsync<DpuService>(Ns, Cancellation, selector), all => all.Count == count);
            await Eventually.SeeAsync(() => Management.ListAsync<DpuServiceChain>(Ns, Cancellation, selector), all => all.Count == count);
            await Eventually.SeeAsync(() => Management.ListAsync<DpuServiceInterface>(Ns, Cancellation, selector), all => all.Count == count);
        }
    }

    private async Task PoolsAsync()
    {
        Assert.Contains(
            "either ipv4Subnet or ipv4Network must be specified", await RefusedAsync(Pool("none", ""), HttpStatusCode.BadRequest), StringComparison.Ordinal);
        await MirroredAsync("subnet", "ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8}", "IPPool");
        await MirroredAsync("network", "ipv4Network: {network: 192.168.32.0/20, prefixSize: 29, gatewayIndex: 1}", "CIDRPool");

        async Task MirroredAsync(string name, string block, string kind)
        {
            await Management.ApplyYamlAsync(Pool(name, block));
            foreach (var cluster in _dpuClusters.Values)
            {
                await cluster.HasAsync("nv-ipam.nvidia.com/v1alpha1", kind, Ns, name, p =>
                    (string?)p["metadata"]!["labels"]?["dpu.nvidia.com/dpuserviceipam-name"] == name &&
                    (string?)p["metadata"]!["labels"]?["dpu.nvidia.com/dpuserviceipam-namespace"] == Ns);
            }

            await DeleteAsync("DPUServiceIPAM", Ns, name);
            foreach (var cluster in _dpuClusters.Values)
            {
                await cluster.LosesAsync("nv-ipam.nvidia.com/v1alpha1", kind, Ns, name);
            }
        }

        static string Pool(string name, string block) => $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceIPAM
            metadata: {name: {{name}}, namespace: {{Ns}}, labels: { {{Cleanup}} } }
            spec: { {{block}} }
            """;
    }

    private async Task InterfacesAndChainsAsync()
    {
        string[] namespaces = [TestNs, "dpu-test-ns-two"];
        foreach (var ns in namespaces)
        {
            await Management.ApplyYamlAsync($$"""
                {{Namespace(ns)}}
                apiVersion: svc.dpu.nvidia.com/v1alpha1
                kind: DPUServiceInterface
                metadata: {name: pf0-vf2, namespace: {{ns}}, labels: { {{Cleanup}} } }
                spec: {template: {spec: {template: {metadata: {labels: {uplink: vf2} }, spec: {interfaceType: vf, vf: {pfID: 0, vfID: 2, parentInterfaceRef: p0} } } } } }
                ---
                apiVersion: svc.dpu.nvidia.com/v1alpha1
                kind: DPUServiceChain
                metadata: {name: chain, namespace: {{ns}}, labels: { {{Cleanup}} } }
                spec: {template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {uplink: vf2} } }, {serviceInterface: {matchLabels: {uplink: p0} } }]}]} } } } }
                """);
        }

        foreach (var (ns, cluster) in namespaces.SelectMany(n => _dpuClusters.Values.Select(c => (n, c))))
        {
            await cluster.HasAsync(Services, "ServiceInterfaceSet", ns, "pf0-vf2");
            await cluster.HasAsync(Services, "ServiceChainSet", ns, "chain");
        }

        foreach (var ns in namespaces)
        {
            await DeleteAsync("DPUServiceInterface", ns, "pf0-vf2");
            await DeleteAsync("DPUServiceChain", ns, "chain");
        }

        foreach (var (ns, cluster) in namespaces.SelectMany(n => _dpuClusters.Values.Select(c => (n, c))))
        {
            await cluster.LosesAsync(Services, "ServiceInterfaceSet", ns, "pf0-vf2");
            await cluster.LosesAsync(Services, "ServiceChainSet", ns, "chain");
        }
    }

    private async Task CredentialsAsync()
    {
        var cluster = (await Management.ListAsync<DpuCluster>(null, Cancellation))[0].Metadata;
        await Management.ApplyYamlAsync($$"""
            {{Request("host", "")}}
            ---
            {{Request("dpu", $"targetCluster: {{name: {cluster.Name}, namespace: {cluster.NamespaceProperty}}},")}}
            """);
        await CheckAsync("host", null);
        await CheckAsync("dpu", $"{cluster.NamespaceProperty}/{cluster.Name}");
        foreach (var name in new[] { "host", "dpu" })
        {
            await DeleteAsync("DPUServiceCredentialRequest", TestNs, name);
            Assert.Null(await Management.GetAsync<V1Secret>(TestNs, name, Cancellation));
        }

        async Task CheckAsync(string name, string? target)
        {
            var request = await Management.HasAsync(
                Services, "DPUServiceCredentialRequest", TestNs, name, r => (string?)Eventually.Condition(r, "Ready")?["status"] == "True");
            Assert.Equal(["dpu.nvidia.com/dpuservicecredentialrequest"], request["metadata"]!["finalizers"]!.AsArray().Select(f => (string?)f));
            var status = request["status"]!;
            Assert.Equal(($"{TestNs}/{name}", target), ((string?)status["serviceAccount"], (string?)status["targetCluster"]));
            var life = Time(status["expirationTimestamp"]) - Time(status["issuedAt"]);
            Assert.InRange(life, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        }

        static DateTimeOffset Time(JsonNode? text) => DateTimeOffset.Parse((string)text!, System.Globalization.CultureInfo.InvariantCulture);

        static string Request(string name, string target) => $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: {{name}}, namespace: {{TestNs}}, labels: { {{Cleanup}} } }
            spec: { {{target}} type: tokenFile, duration: 1h, serviceAccount: {name: {{name}}, namespace: {{TestNs}} }, secret: {name: {{name}}, namespace: {{TestNs}} } }
            """;
    }

    private async Task DeleteAsync(string kind, string ns, string name)
    {
        await Management.DeleteAsync(Services, kind, ns, name, Cancellation);
        await Management.LosesAsync(Services, kind, ns, name);
    }

    private static string Namespace(string ns) => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ns}} }
        ---
        """;
}
