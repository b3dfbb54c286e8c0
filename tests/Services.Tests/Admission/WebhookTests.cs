using System.Net;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Services.Tests.Admission;

/// <summary>The component as pods run it, with the API server asking its webhooks as the operator's manifest says.</summary>
public sealed class WebhookTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";
    private const string Registration = "admissionregistration.k8s.io/v1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_API_server_refuses_what_the_webhooks_do_and_one_replica_follows_the_other()
    {
        await clusters.StopControllersAsync();
        try
        {
            var first = await ControllerPod.StartAsync(clusters, "first");
            await using (var second = await SecondAsync(first))
            {
                await LeaderAsync("second");
                await InstallAsync(second);
                await RefusesAsync();
                await clusters.Management.ApplyYamlAsync("""
                    apiVersion: v1
                    kind: Namespace
                    metadata: {name: led}
                    ---
                    apiVersion: svc.dpu.nvidia.com/v1alpha1
                    kind: DPUService
                    metadata: {name: led, namespace: led}
                    spec: {helmChart: {source: {repoURL: "https://charts.example", chart: led, version: 1.0.0} } }
                    """);
                await clusters.ApplicationAsync("c1-led");
                await GuardsAsync();
            }
        }
        finally
        {
            await clusters.Management.DeleteAsync(
                Registration, "ValidatingWebhookConfiguration", null, "dpuservice-validating-webhook-configuration", CancellationToken.None);
            await clusters.StartControllersAsync();
        }
    }

    /// <summary>A replica that waits for the one that leads, which then ends.</summary>
    private async Task<ControllerPod> SecondAsync(ControllerPod first)
    {
        await using (first)
        {
            await LeaderAsync("first");
            return await ControllerPod.StartAsync(clusters, "second");
        }
    }

    private async Task RefusesAsync()
    {
        Assert.Contains("either ipv4Subnet or ipv4Network must be specified", await RefusalAsync(Ipam("{}"), HttpStatusCode.BadRequest), StringComparison.Ordinal);
        var good = "{ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8} }";
        await clusters.Management.ApplyYamlAsync(Ipam(good));
        Assert.Contains(
            "you cannot shrink",
            await RefusalAsync(Ipam(good.Replace("/20", "/24", StringComparison.Ordinal)), HttpStatusCode.BadRequest), StringComparison.Ordinal);
        await clusters.Management.DeleteAsync(Version, "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool");
        Assert.Contains("one of chart", await RefusalAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: chartless, namespace: default}
            spec: {helmChart: {source: {repoURL: "https://charts.example", version: 1.0.0} } }
            """), StringComparison.Ordinal);
        Assert.Contains("there is no service 'typo' in spec.services", await RefusalAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUDeployment
            metadata: {name: typo, namespace: default}
            spec:
              dpus: {bfb: b, flavor: f}
              services: {dts: {serviceTemplate: dts, serviceConfiguration: dts} }
              serviceChains: [{ports: [{service: {name: typo, interface: eth0} }]}]
            """), StringComparison.Ordinal);
        Assert.Contains("'Near' is no operator", await RefusalAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceChain
            metadata: {name: near, namespace: default}
            spec:
              clusterSelector: {matchExpressions: [{key: a, operator: Near}]}
              template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {a: b} } }]}]} } } }
            """), StringComparison.Ordinal);
        Assert.Contains("10m at least", await RefusalAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: brief, namespace: default}
            spec: {type: tokenFile, duration: 5m, serviceAccount: {name: a}, secret: {name: a} }
            """), StringComparison.Ordinal);
    }

    private async Task GuardsAsync()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: held, namespace: led, labels: {a: b} }
            spec: {template: {spec: {template: {spec: {interfaceType: service, service: {serviceID: user, network: net, interfaceName: eth1} } } } } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: user, namespace: led}
            spec: {serviceID: user, interfaces: [held], helmChart: {source: {repoURL: "https://charts.example", chart: led, version: 1.0.0} } }
            """);
        await clusters.ApplicationAsync("c1-user");
        var refused = await Assert.ThrowsAsync<KubeException>(
            () => clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "led", "held", Cancellation));
        Assert.Contains("is in use by DPUService user; delete DPUService user first", refused.ServerMessage, StringComparison.Ordinal);
        await clusters.Management.DeleteAsync(Version, "DPUService", "led", "user", Cancellation);
        await clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "led", "held", Cancellation);
        await clusters.FinishAsync("c1-user");
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "led", "held");
    }

    /// <summary>The webhooks of the operator's manifest, at a pod's address instead of a Service's.</summary>
    private async Task InstallAsync(ControllerPod pod)
    {
        var configuration = Manifests.Parse(await File.ReadAllTextAsync(TwoClusters.ManifestFile, Cancellation), "manifest")
            .Single(m => (string?)m["kind"] == "ValidatingWebhookConfiguration");
        foreach (var hook in configuration["webhooks"]!.AsArray())
        {
            hook!["clientConfig"] = new JsonObject
            {
                ["url"] = $"https://127.0.0.1:{pod.Port}{hook["clientConfig"]!["service"]!["path"]}", ["caBundle"] = pod.CaBundle,
            };

            // Here an answer is awaited, whatever the machine's load.
            hook["failurePolicy"] = "Fail";
            hook["timeoutSeconds"] = 30;
        }

        await clusters.Management.ApplyAsync(configuration, "test", Cancellation);
    }

    private Task<V1Lease> LeaderAsync(string name) => Eventually.SeeAsync(
        () => clusters.Management.GetAsync<V1Lease>(TwoClusters.SystemNamespace, "e361afcf.nvidia.com", Cancellation),
        lease => lease?.Spec.HolderIdentity?.StartsWith(name + "_", StringComparison.Ordinal) == true)!;

    private static string Ipam(string spec) => $$"""
        apiVersion: svc.dpu.nvidia.com/v1alpha1
        kind: DPUServiceIPAM
        metadata: {name: pool, namespace: {{TwoClusters.SystemNamespace}} }
        spec: {{spec}}
        """;

    // The server needs a moment to know of the webhook, and the webhook to listen.
    private async Task<string> RefusalAsync(string yaml, HttpStatusCode code = HttpStatusCode.UnprocessableEntity) => await Eventually.SeeAsync(
        async () =>
        {
            try
            {
                await clusters.Management.ApplyYamlAsync(yaml);
                return "";
            }
            catch (KubeException e)
            {
                return e.Code == code ? e.Message : "";
            }
        },
        message => message.Length > 0);
}
