using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Tests.DpuDeployments;
using k8s.Models;

namespace Dpf.Services.Tests;

/// <summary>What each kind says of itself from its beginning to its end, with every reason that its conditions know.</summary>
public sealed class LifeCycleTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";
    private const string Pools = "nv-ipam.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Management => clusters.Management;

    [Theory]
    [InlineData("DPUServiceInterface", "ServiceInterfaceSet", "ServiceInterfaceSet", "{template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: pNEW} } } } } }")]
    [InlineData("DPUServiceChain", "ServiceChainSet", "ServiceChainSet", "{template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {a: pNEW} } }]}]} } } } }")]
    [InlineData("DPUServiceIPAM", "DPUIPAMObject", "IPPool", "{ipv4Subnet: {subnet: 10.0.0.0/16, gateway: 10.0.0.1, perNodeIPCount: 4, routes: [{dst: 10.NEW.0.0/16}]} }")]
    public async Task A_mirrored_object_lives(string kind, string conditions, string childKind, string spec)
    {
        var (ns, version) = ("life-" + kind.ToLowerInvariant(), kind == "DPUServiceIPAM" ? Pools : Version);
        await clusters.Dpu.ApplyYamlAsync("""
            apiVersion: v1
            kind: Node
            metadata: {name: life}
            """);
        await ApplyAsync("1");
        await clusters.Dpu.HasAsync(version, childKind, ns, "life");
        await IsAsync("Ready", "False", "Pending");
        await IsAsync(conditions + "Reconciled", "True", "Success");
        await IsAsync(conditions + "Ready", "False", "Pending");
        await ReportAsync();
        await IsAsync("Ready", "True", "Success");

        // An update reaches the child, and the object is ready again once the child is.
        await ApplyAsync("2");
        await clusters.Dpu.HasAsync(version, childKind, ns, "life", c => (long)c["metadata"]!["generation"]! == 2);
        await ReportAsync();
        await IsAsync("Ready", "True", "Success");

        // A cluster that cannot be used is an error, and nobody's when it is gone.
        var broken = "broken-" + kind.ToLowerInvariant();
        await clusters.AddClusterAsync(broken, "no: kubeconfig");
        await IsAsync(conditions + "Reconciled", "False", "Error");
        await IsAsync("Ready", "False", "Pending");
        await Management.HasAsync(Version, kind, ns, "life", v => v["status"]!["clusters"]!.AsArray().Any(c =>
            (string?)c!["cluster"] == $"clusters/{broken}" && !(bool)c["ready"]!));
        await Management.DeleteAsync<DpuCluster>("clusters", broken, Cancellation);
        await IsAsync("Ready", "True", "Success");

        // It goes after its child, which somebody holds.
        await HoldAsync("[\"example.org/held\"]");
        await Management.DeleteAsync(Version, kind, ns, "life", Cancellation);
        await IsAsync(conditions + "Reconciled", "False", "AwaitingDeletion");
        await IsAsync("Ready", "False", "AwaitingDeletion");
        await HoldAsync("null");
        await Management.LosesAsync(Version, kind, ns, "life");
        Assert.Null(await clusters.Dpu.GetAsync(version, childKind, ns, "life", Cancellation));

        Task ApplyAsync(string value) => Management.ApplyYamlAsync(
            Whole.Namespace(ns) + $"apiVersion: {Version}\nkind: {kind}\nmetadata: {{name: life, namespace: {ns}}}\nspec: {spec.Replace("NEW", value, StringComparison.Ordinal)}");

        Task IsAsync(string type, string status, string reason) => Management.SaysAsync(kind, ns, "life", type, status, reason);

        async Task ReportAsync()
        {
            var child = await clusters.Dpu.HasAsync(version, childKind, ns, "life");
            await (kind == "DPUServiceIPAM"
                ? PatchAsync("status", """{"status":{"allocations":[{"nodeName":"life","startIP":"10.0.0.2","endIP":"10.0.0.5"}]}}""")
                : Sets.ReportAsync(clusters.Dpu, childKind, ns, "life", (long)child["metadata"]!["generation"]!));
        }

        Task HoldAsync(string finalizers) => PatchAsync(null, $$$"""{"metadata":{"finalizers":{{{finalizers}}}}}""");

        async Task PatchAsync(string? part, string patch)
        {
            var (type, _) = await clusters.Dpu.MapAsync(version, childKind, Cancellation);
            await clusters.Dpu.SendRawAsync(
                HttpMethod.Patch, part is null ? type.Path(ns, "life") : type.Path(ns, "life", part), JsonNode.Parse(patch)!, Cancellation, "application/merge-patch+json");
        }
    }

    [Fact]
    public async Task A_DPUService_lives()
    {
        // The Secret that its images are pulled with cannot be copied while a namespace of the same name is on its way out.
        await Management.ApplyYamlAsync(Whole.Namespace("life-service") + """
            apiVersion: v1
            kind: Secret
            metadata: {name: pull, namespace: life-service, labels: {dpu.nvidia.com/image-pull-secret: ""} }
            """);
        await clusters.Dpu.CloseAsync("life-service");
        await ApplyAsync("interfaces: [late], serviceID: life");
        await IsAsync("DPUServiceInterfaceReconciled", "False", "Error");
        await IsAsync("ApplicationsReady", "False", "Pending");
        await IsAsync("ApplicationsReconciled", "Unknown", "Pending");

        await ApplyAsync("serviceID: life");
        await IsAsync("DPUServiceInterfaceReconciled", "True", "Success");
        await IsAsync("ApplicationPrereqsReconciled", "False", "Pending");
        await IsAsync("ApplicationsReconciled", "False", "Pending");
        await clusters.Dpu.ReleaseAsync("life-service");
        await IsAsync("ApplicationPrereqsReconciled", "True", "Success");
        await IsAsync("ApplicationsReconciled", "True", "Success");
        await IsAsync("Ready", "False", "Pending");
        await clusters.ReportAsync("c1-life");
        await IsAsync("ApplicationsReady", "True", "Success");
        await IsAsync("Ready", "True", "Success");

        // A cluster that cannot be used keeps the service from it, and from it alone.
        await clusters.AddClusterAsync("broken-service", "no: kubeconfig");
        await IsAsync("ApplicationPrereqsReconciled", "False", "Error");
        await IsAsync("ApplicationsReconciled", "False", "Error");
        await Management.DeleteAsync<DpuCluster>("clusters", "broken-service", Cancellation);
        await IsAsync("Ready", "True", "Success");

        // A paused one says why it does not go, a deleted one for what it waits.
        await ApplyAsync("serviceID: life, paused: true");
        await Management.DeleteAsync(Version, "DPUService", "life-service", "life", Cancellation);
        await Management.ConditionAsync("DPUService", "life-service", "life", "ApplicationsReconciled", "False", "spec.paused is true: set it to false");
        await Management.PatchAsync<DpuService>("life-service", "life", JsonNode.Parse("""{"spec":{"paused":false}}""")!, Cancellation);
        await Management.ConditionAsync("DPUService", "life-service", "life", "ApplicationsReconciled", "False", "Applications are not gone yet");
        await IsAsync("ApplicationsReconciled", "False", "AwaitingDeletion");
        await IsAsync("Ready", "False", "AwaitingDeletion");
        await clusters.FinishAsync("c1-life");
        await Management.LosesAsync(Version, "DPUService", "life-service", "life");

        Task ApplyAsync(string more) => Management.ApplyYamlAsync(Whole.Namespace("life-service") + $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: life, namespace: life-service}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: life, version: 1.0.0} }, {{more}} }
            """);

        Task IsAsync(string type, string status, string reason) => Management.SaysAsync("DPUService", "life-service", "life", type, status, reason);
    }

    [Fact]
    public async Task A_DPUDeployment_lives()
    {
        const string ns = "life-deployment";
        await Management.ApplyYamlAsync(Whole.Namespace(ns) + Whole.Deployment(ns, "lives") + Other());
        await IsAsync("PrerequisitesReady", "False", "Pending");
        await IsAsync("ResourceFittingReady", "Unknown", "Pending");
        await Management.ApplyYamlAsync(Whole.Parts(ns));

        // Somebody else's objects have the names that its children would have: each kind waits for the one before.
        await IsAsync("PrerequisitesReady", "True", "Success");
        await IsAsync("ResourceFittingReady", "True", "Success");
        await IsAsync("DPUServiceInterfacesReconciled", "False", "Error");
        await IsAsync("DPUServicesReconciled", "Unknown", "Pending");
        await Management.DeleteAsync(Version, "DPUServiceInterface", ns, "lives-dts-eth-0", Cancellation);
        await IsAsync("DPUServiceInterfacesReconciled", "True", "Success");
        await IsAsync("DPUServicesReconciled", "False", "Error");
        await Management.DeleteAsync(Version, "DPUService", ns, "lives-dts", Cancellation);
        await clusters.FinishAsync("c1-lives-dts");
        await IsAsync("DPUServiceChainsReconciled", "False", "Error");
        await Management.DeleteAsync(Version, "DPUServiceChain", ns, "lives", Cancellation);
        await IsAsync("DPUSetsReconciled", "False", "Error");
        await Management.DeleteAsync<DpuSet>(ns, "lives-dpuset1", Cancellation);
        foreach (var kinds in new[] { "DPUSets", "DPUServices", "DPUServiceChains", "DPUServiceInterfaces" })
        {
            await IsAsync(kinds + "Reconciled", "True", "Success");
            if (kinds != "DPUSets")
            {
                await IsAsync(kinds + "Ready", "False", "Pending");
            }
        }

        await IsAsync("DPUSetsReady", "True", "Success");
        await clusters.ApplicationAsync("c1-lives-dts", a => a["metadata"]!["deletionTimestamp"] is null);
        await clusters.ReportAsync("c1-lives-dts");
        await Sets.ReportAsync(clusters.Dpu, "ServiceInterfaceSet", ns, "lives-dts-eth-0", 1);
        await Sets.ReportAsync(clusters.Dpu, "ServiceChainSet", ns, "lives", 1);
        await IsAsync("Ready", "True", "Success");

        // What no waiting mends is a failure, and what runs goes on.
        await Management.ApplyYamlAsync(Whole.Template(ns, "0.2.3").Replace("{cpu: 1}", "{cpu: 100}", StringComparison.Ordinal));
        await IsAsync("ResourceFittingReady", "False", "Failure");
        await IsAsync("Ready", "False", "Failure");
        await Management.ApplyYamlAsync(Whole.Template(ns, "0.2.3"));
        await Management.PatchAsync<DpuDeployment>(ns, "lives", JsonNode.Parse("""
            {"spec":{"serviceChains":[{"ports":[{"service":{"name":"none","interface":"eth_0"}}]}]}}
            """)!, Cancellation);
        await IsAsync("PrerequisitesReady", "False", "Failure");
        await Management.ApplyYamlAsync(Whole.Deployment(ns, "lives"));
        await IsAsync("Ready", "True", "Success");

        // It goes after its children, and the DPUs after all that runs on them: until then they are as ready as before.
        await Management.PatchAsync<DpuSet>(ns, "lives-dpuset1", JsonNode.Parse("""{"metadata":{"finalizers":["example.org/held"]}}""")!, Cancellation);
        await Management.DeleteAsync(Version, "DPUDeployment", ns, "lives", Cancellation);
        foreach (var kinds in new[] { "DPUSets", "DPUServices", "DPUServiceChains", "DPUServiceInterfaces" })
        {
            await IsAsync(kinds + "Reconciled", "False", "AwaitingDeletion");
        }

        await IsAsync("DPUServicesReady", "False", "AwaitingDeletion");
        await IsAsync("DPUServiceChainsReady", "False", "AwaitingDeletion");
        await IsAsync("DPUServiceInterfacesReady", "False", "AwaitingDeletion");
        await IsAsync("Ready", "False", "AwaitingDeletion");
        await clusters.FinishAsync("c1-lives-dts");
        await IsAsync("DPUSetsReady", "False", "AwaitingDeletion");
        await Management.PatchAsync<DpuSet>(ns, "lives-dpuset1", JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Cancellation);
        await Management.LosesAsync(Version, "DPUDeployment", ns, "lives");

        // A template and a configuration go once no DPUDeployment needs them.
        foreach (var kind in new[] { "DPUServiceTemplate", "DPUServiceConfiguration" })
        {
            await Management.DeleteAsync(Version, kind, ns, "dts", Cancellation);
            await Management.LosesAsync(Version, kind, ns, "dts");
        }

        Task IsAsync(string type, string status, string reason) => Management.SaysAsync("DPUDeployment", ns, "lives", type, status, reason);

        static string Other() => $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: lives-dts, namespace: {{ns}} }
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: own, version: 1.0.0} } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: lives-dts-eth-0, namespace: {{ns}} }
            spec: {template: {spec: {template: {spec: {interfaceType: ovn} } } } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceChain
            metadata: {name: lives, namespace: {{ns}} }
            spec: {template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {a: b} } }]}]} } } } }
            ---
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUSet
            metadata: {name: lives-dpuset1, namespace: {{ns}} }
            spec: {}
            """;
    }

    [Fact]
    public async Task A_DPUServiceCredentialRequest_lives()
    {
        const string ns = "life-credentials";
        await Management.ApplyYamlAsync(Whole.Namespace(ns) + $$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: answer, namespace: {{ns}} }
            """);
        await ApplyAsync("targetCluster: {name: none, namespace: clusters},");
        await IsAsync("ServiceAccountReconciled", "False", "Error");
        await IsAsync("SecretReconciled", "Unknown", "Pending");
        await IsAsync("Ready", "False", "Pending");
        await Management.PatchAsync<DpuServiceCredentialRequest>(ns, "life", JsonNode.Parse("""{"spec":{"targetCluster":null}}""")!, Cancellation);
        await IsAsync("ServiceAccountReconciled", "True", "Success");
        await IsAsync("SecretReconciled", "False", "Failure");
        await IsAsync("Ready", "False", "Failure");

        // A namespace that is on its way out takes no Secret.
        await Management.CloseAsync("life-closing");
        await SecretAsync("free", "life-closing");
        await IsAsync("SecretReconciled", "False", "Error");
        await SecretAsync("free", ns);
        await IsAsync("SecretReconciled", "True", "Success");
        await IsAsync("Ready", "True", "Success");
        await Management.DeleteAsync(Version, "DPUServiceCredentialRequest", ns, "life", Cancellation);
        await Management.LosesAsync(Version, "DPUServiceCredentialRequest", ns, "life");
        Assert.NotNull(await Management.GetAsync<V1Secret>(ns, "answer", Cancellation));
        Assert.Null(await Management.GetAsync<V1Secret>(ns, "free", Cancellation));
        await Management.ReleaseAsync("life-closing");

        // What a cluster that does not answer was given is taken back before the request goes, or goes with the cluster.
        await clusters.AddClusterAsync("broken-request", "no: kubeconfig");
        await ApplyAsync("targetCluster: {name: broken-request, namespace: clusters},");
        await IsAsync("ServiceAccountReconciled", "False", "Error");
        await Management.DeleteAsync(Version, "DPUServiceCredentialRequest", ns, "life", Cancellation);
        await IsAsync("ServiceAccountReconciled", "False", "AwaitingDeletion");
        await IsAsync("Ready", "False", "AwaitingDeletion");
        await Management.DeleteAsync<DpuCluster>("clusters", "broken-request", Cancellation);
        await Management.LosesAsync(Version, "DPUServiceCredentialRequest", ns, "life");

        Task SecretAsync(string name, string inNamespace) => Management.PatchAsync<DpuServiceCredentialRequest>(
            ns, "life", JsonNode.Parse($$"""{"spec":{"secret":{"name":"{{name}}","namespace":"{{inNamespace}}"} } }""")!, Cancellation);

        Task ApplyAsync(string more) => Management.ApplyYamlAsync($$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: life, namespace: {{ns}} }
            spec: { {{more}} type: tokenFile, serviceAccount: {name: a, namespace: {{ns}} }, secret: {name: answer, namespace: {{ns}} } }
            """);

        Task IsAsync(string type, string status, string reason) => Management.SaysAsync("DPUServiceCredentialRequest", ns, "life", type, status, reason);
    }
}
