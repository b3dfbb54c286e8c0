using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Admission;
using Dpf.Services.Credentials;
using Dpf.Services.DpuDeployments;
using Dpf.Services.Ipam;
using Dpf.Services.Tests.DpuDeployments;
using k8s.Models;

namespace Dpf.Services.Tests.KnownWeakSpots;

/// <summary>
/// What goes wrong in the original with deployments, credentials and mirrored objects. P1 is told by
/// <see cref="DpuDeployments.Revisions.RevisionPlanTests"/>; C2, C3, C4, C10, C11, M8 and M9 by the life of credentials and clusters;
/// M1 to M7, M15 and P12 by the tests of sets and agents.
/// </summary>
public sealed class OtherWeakSpotsTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Management => clusters.Management;

    [Fact]
    public void P2_what_two_deployments_share_is_held_while_one_of_them_is_there_and_P3_no_finalizer_of_others_is_lost()
    {
        var bfb = new Bfb { Metadata = new V1ObjectMeta { Name = "b", Finalizers = ["others", DeploymentNames.Finalizer] } };
        Assert.Contains(DeploymentNames.Finalizer, DependencyMarks.Wanted(bfb, ["stays"]).Finalizers);
        Assert.Equal(["others"], DependencyMarks.Wanted(bfb, []).Finalizers);
    }

    [Fact]
    public async Task P4_a_deployment_is_ready_with_its_DPUs_P6_waits_for_what_is_missing_without_failing_and_P11_ends_with_nothing_ready()
    {
        await Management.ApplyYamlAsync(Whole.Namespace("p4") + Whole.Deployment("p4", "whole"));
        await Management.ConditionAsync("DPUDeployment", "p4", "whole", "PrerequisitesReady", "False", "BFB bf-bundle does not exist");
        Assert.DoesNotContain(
            await Management.ListAsync<Corev1Event>("p4", Cancellation), e => e is { Type: "Warning", InvolvedObject.Kind: "DPUDeployment" });
        await Management.ApplyYamlAsync(Whole.Parts("p4"));
        await Management.ConditionAsync("DPUDeployment", "p4", "whole", "DPUSetsReady");
        await Management.ApplyYamlAsync("""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: p4, namespace: p4, labels: {provisioning.dpu.nvidia.com/dpuset-name: whole-dpuset1, provisioning.dpu.nvidia.com/dpuset-namespace: p4} }
            spec: {bfb: bf-bundle, nodeName: worker1}
            """);
        await Management.ConditionAsync("DPUDeployment", "p4", "whole", "DPUSetsReady", "False", "DPU p4 is Initializing");
        await Management.PatchStatusAsync<Bfb>("p4", "bf-bundle", JsonNode.Parse("""{"status":{"phase":"Error"}}""")!, Cancellation);
        await Management.ConditionAsync("DPUDeployment", "p4", "whole", "DPUSetsReady", "False", "its image cannot be fetched");

        await clusters.ApplicationAsync("c1-whole-dts");
        await Management.DeleteAsync(Version, "DPUDeployment", "p4", "whole", Cancellation);
        var leaving = await Management.HasAsync(
            Version, "DPUDeployment", "p4", "whole", d => (string?)Eventually.Condition(d, "Ready")?["reason"] == "AwaitingDeletion");
        Assert.DoesNotContain(
            leaving["status"]!["conditions"]!.AsArray(), c => ((string)c!["type"]!).StartsWith("DPUServices", StringComparison.Ordinal) && (string?)c["status"] == "True");
        await clusters.FinishAsync("c1-whole-dts");
        await Management.LosesAsync(Version, "DPUDeployment", "p4", "whole");
    }

    [Theory]
    [InlineData("{memory: 6Gi}", "", "memory: 2Gi")]
    [InlineData("{requests: {memory: 6Gi}, limits: {memory: 1Gi} }", "", "memory: 2Gi")]
    [InlineData("{memory: 4Gi, nvidia.com/bf_sf: 3}", "", "")]
    [InlineData("{memory: much}", "", "")]
    [InlineData("{memory: 6Gi}", "deployInCluster: true", "")]
    [InlineData("{memory: 6Gi}", "serviceDaemonSet: {nodeSelector: {nodeSelectorTerms: []} }", "")]
    public void P5_what_users_services_take_of_the_same_DPUs_is_counted(string resources, string more, string missing)
    {
        var inputs = Sample.Inputs();
        inputs.Flavor.Spec.DpuResources = new() { ["memory"] = "16Gi" };
        inputs.Services[0].Template.Spec.ResourceRequirements = new() { ["memory"] = "12Gi" };
        var service = Read.Yaml<DpuService>(
            $"metadata: {{name: hbn, namespace: own}}\nspec: {{ {(more.Length > 0 ? more + ", " : "")}helmChart: {{source: {{repoURL: 'https://h', chart: c, version: '1'}}, values: {{resources: {resources}}} }} }}");
        Assert.Equal(
            missing.Length == 0 ? "" : $"too little if the DPUFlavor's systemReservedResources do not count DPUServices own/hbn, which run on the same DPUs: {missing}",
            ResourceFit.Besides(inputs, [service]));
        Assert.Empty(ResourceFit.Missing(inputs));
    }

    [Fact]
    public async Task P5_a_deployment_says_so_and_goes_on()
    {
        await Management.ApplyYamlAsync(Whole.Namespace("p5") + Whole.Deployment("p5", "fits") + Whole.Parts("p5") + """
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUService
            metadata: {name: own, namespace: p5}
            spec: {helmChart: {source: {repoURL: "https://charts.example", chart: own, version: 1.0.0}, values: {resources: {cpu: 20} } } }
            """);
        await Management.ConditionAsync("DPUDeployment", "p5", "fits", "ResourceFittingReady", "True", "do not count DPUServices p5/own, which run on the same DPUs: cpu: 5");
        await Management.ConditionAsync("DPUDeployment", "p5", "fits", "DPUServicesReconciled");
        await Management.PatchAsync<DpuService>("p5", "own", JsonNode.Parse("""{"spec":{"helmChart":{"values":{"resources":{"cpu":15}}}}}""")!, Cancellation);
        await Management.HasAsync(
            Version, "DPUDeployment", "p5", "fits", d => Eventually.Condition(d, "ResourceFittingReady") is { } c && (string?)c["status"] == "True" && (string?)c["message"] == "");
        await Management.DeleteAsync(Version, "DPUService", "p5", "own", Cancellation);
    }

    [Fact]
    public void P7_a_service_that_is_taken_out_takes_its_label_along()
    {
        var inputs = Sample.Inputs();
        Assert.Contains("svc.dpu.nvidia.com/dpuservice-hbn-version", Labels(inputs));
        Assert.DoesNotContain(
            "svc.dpu.nvidia.com/dpuservice-hbn-version", Labels(inputs with { Services = [.. inputs.Services.Where(s => s.Name != "hbn")] }));

        static IEnumerable<string> Labels(DeploymentInputs inputs) =>
            DeploymentChildren.Of(inputs).DpuSets[0].Spec.DpuTemplate!.Spec!.Cluster!.NodeLabels!.Keys;
    }

    [Fact]
    public void C1_a_token_is_for_whoever_could_have_it_anyway()
    {
        var request = Read.Yaml<DpuServiceCredentialRequest>(
            "metadata: {name: r, namespace: mine}\nspec: {type: tokenFile, serviceAccount: {name: a, namespace: kube-system}, secret: {name: s, namespace: other} }");
        Assert.Equal(
            ["create serviceaccounts/token kube-system", "create secrets/ other", "update secrets/ other"],
            CredentialRules.Rights(request, "").Select(r => $"{r.Verb} {r.Resource}/{r.Subresource} {r.Namespace}"));
    }

    [Fact]
    public void C5_a_long_lived_token_is_replaced_after_a_day_and_C7_an_overdue_one_soon()
    {
        var issued = DateTimeOffset.UnixEpoch;
        Assert.Equal(issued.AddHours(24), TokenSchedule.Due(issued, issued.AddHours(100), TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromSeconds(1), TokenSchedule.Delay(issued, issued.AddYears(1)));
    }

    [Fact]
    public async Task C6_a_request_is_not_ready_before_it_has_a_token_and_C12_says_which_version_of_it_it_speaks_of()
    {
        await Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: c6}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: r, namespace: c6}
            spec: {type: tokenFile, serviceAccount: {name: a, namespace: c6}, secret: {name: s, namespace: c6} }
            """);
        var ready = await Management.HasAsync(
            Version, "DPUServiceCredentialRequest", "c6", "r", r => (string?)Eventually.Condition(r, "Ready")?["status"] == "True");
        Assert.NotNull(await Management.GetAsync<V1Secret>("c6", "s", Cancellation));
        Assert.Equal((long)ready["metadata"]!["generation"]!, (long)ready["status"]!["observedGeneration"]!);
        await Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "c6", "r", Cancellation);
        await Management.LosesAsync(Version, "DPUServiceCredentialRequest", "c6", "r");
    }

    [Theory]
    [InlineData("https://api.example", "443")]
    [InlineData("https://api.example:6443", "6443")]
    public void C8_a_server_without_a_port_has_the_usual_one(string server, string port)
    {
        var request = Read.Yaml<DpuServiceCredentialRequest>("metadata: {name: r, namespace: n}\nspec: {type: tokenFile, serviceAccount: {name: a}, secret: {name: s} }");
        var secret = CredentialSecret.Of(request, new TargetCluster("c", new Uri(server), "CA"), "T");
        Assert.Equal(("api.example", port), (
            System.Text.Encoding.UTF8.GetString(secret.Data["KUBERNETES_SERVICE_HOST"]), System.Text.Encoding.UTF8.GetString(secret.Data["KUBERNETES_SERVICE_PORT"])));
    }

    [Fact]
    public void C9_a_duration_that_no_API_server_accepts_is_refused() => Assert.Contains(
        "10m at least", Assert.Single(CredentialRules.Of(new DpuServiceCredentialRequest { Metadata = new() { Name = "r" }, Spec = new() { Duration = "9m" } }).Errors), StringComparison.Ordinal);

    [Fact]
    public async Task M10_a_deletion_is_no_error_and_X5_P10_neither_is_an_object_that_went_meanwhile()
    {
        await Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: m10}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p0, namespace: m10}
            spec: {template: {spec: {template: {spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
            """);
        await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", "m10", "p0");
        await Management.DeleteAsync(Version, "DPUServiceInterface", "m10", "p0", Cancellation);
        await Management.LosesAsync(Version, "DPUServiceInterface", "m10", "p0");
        Assert.DoesNotContain(await Management.ListAsync<Corev1Event>("m10", Cancellation), e => e.Type == "Warning");
        Assert.False(await Management.DeleteAsync(Version, "DPUServiceInterface", "m10", "p0", Cancellation));
    }

    [Fact]
    public void M11_static_allocations_have_one_order()
    {
        var ipam = Read.Yaml<DpuServiceIpam>(
            "metadata: {name: i, namespace: n}\nspec: {ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, allocations: {c: 10.0.0.8/30, a: 10.0.0.0/30, b: 10.0.0.4/30} } }");
        Assert.Equal(["a", "b", "c"], PoolPlan.Of(ipam)[0]["spec"]!["staticAllocations"]!.AsArray().Select(a => (string?)a!["nodeName"]));
    }

    [Fact]
    public void M12_a_pool_is_ready_when_all_nodes_that_it_is_for_have_their_part_and_one_that_is_for_none_waits_for_none()
    {
        V1Node[] nodes = [new() { Metadata = new V1ObjectMeta { Name = "a", Labels = new Dictionary<string, string> { ["k"] = "v" } } }];
        Assert.Equal("no addresses yet for a", PoolReadiness.Problem(new PoolSpec(), null, nodes));
        var other = new V1NodeSelector
        {
            NodeSelectorTerms = [new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = "k", OperatorProperty = "In", Values = ["w"] }] }],
        };
        Assert.Null(PoolReadiness.Problem(new PoolSpec { NodeSelector = other }, null, nodes));
    }

    [Fact]
    public async Task X2_what_fails_is_an_event()
    {
        await Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: x2}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceCredentialRequest
            metadata: {name: r, namespace: x2}
            spec: {type: tokenFile, serviceAccount: {name: a, namespace: x2}, secret: {name: s, namespace: x2}, targetCluster: {name: none, namespace: x2} }
            """);
        var events = await Eventually.SeeAsync(() => Management.ListAsync<Corev1Event>("x2", Cancellation), all => all.Count > 0);
        Assert.Contains(events, e => e is { Type: "Warning", Reason: "ServiceAccountReconciledError" });
        await Management.DeleteAsync(Version, "DPUServiceCredentialRequest", "x2", "r", Cancellation);
        await Management.LosesAsync(Version, "DPUServiceCredentialRequest", "x2", "r");
    }
}
