using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using Dpf.Runtime.Clusters;
using Dpf.Services.Admission;
using Dpf.Services.Chains;
using Dpf.Services.Credentials;
using Dpf.Services.DpuDeployments;
using Dpf.Services.Interfaces;
using Dpf.Services.Ipam;
using Dpf.Services.Tests.DpuDeployments;
using k8s;

namespace Dpf.Services.Tests.KnownWeakSpots;

/// <summary>What the original's API accepts and cannot mean.</summary>
public sealed class ApiWeakSpotsTests
{
    public static TheoryData<string> Kinds =>
    [
        "dpudeployments", "dpuservices", "dpuservicechains", "dpuserviceconfigurations", "dpuservicecredentialrequests", "dpuserviceinterfaces",
        "dpuserviceipams", "dpuservicetemplates",
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A1_an_object_without_a_spec_is_refused(string plural) => Assert.Contains(
        "spec", (await SchemaAsync(plural))["schema"]!["openAPIV3Schema"]!["required"]!.AsArray().Select(r => (string?)r));

    [Fact]
    public async Task A2_the_column_with_the_interface_name_looks_where_the_name_is() => Assert.Contains(
        ".spec.template.spec.template.spec..interfaceName",
        (await SchemaAsync("dpuserviceinterfaces"))["additionalPrinterColumns"]!.AsArray().Select(c => (string?)c!["jsonPath"]));

    [Fact]
    public void A3_a_ServiceInterface_is_called_so() => Assert.Equal(
        ("ServiceInterface", "ServiceChain"), (ResourceType.Of<ServiceInterface>().Kind, ResourceType.Of<ServiceChain>().Kind));

    [Fact]
    public void A4_a_name_without_a_namespace_means_one_and_the_same_everywhere()
    {
        var request = Read.Yaml<DpuServiceCredentialRequest>(
            "metadata: {name: r, namespace: here}\nspec: {type: tokenFile, serviceAccount: {name: a}, secret: {name: s}, targetCluster: {name: c} }");
        Assert.Equal(new NamespacedName("default", "a"), Names.Of(request.Spec.ServiceAccount));
        Assert.Equal(new NamespacedName("default", "c"), CredentialTargets.Wanted(request));
        Assert.Equal("default", CredentialSecret.Of(request, new TargetCluster("c", new Uri("https://c"), ""), "t").Metadata.NamespaceProperty);
    }

    [Fact]
    public void A5_a_cluster_selector_selects_for_each_kind_that_has_one()
    {
        var selector = new k8s.Models.V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["a"] = "b" } };
        Assert.Same(selector, InterfaceMirror.Kind.Selector(new DpuServiceInterface { Spec = new() { ClusterSelector = selector } }));
        Assert.Same(selector, ChainMirror.Kind.Selector(new DpuServiceChain { Spec = new() { ClusterSelector = selector } }));
        Assert.Same(selector, IpamMirror.Kind.Selector(new DpuServiceIpam { Spec = new() { ClusterSelector = selector } }));
    }

    [Fact]
    public void A6_whoever_sets_what_has_no_effect_is_told()
    {
        var chain = Read.Yaml<DpuServiceChain>("""
            metadata: {name: c}
            spec: {template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {a: b}, ipam: {matchLabels: {p: q}, setDefaultRoute: true} } }]}]} } } } }
            """);
        Assert.Contains("ipam.defaultGateway: true", Assert.Single(SetRules.Of(chain).Warnings), StringComparison.Ordinal);
        var deployment = Sample.Deployment();
        deployment.Spec.ServiceChains[0].Ports[1].Service!.Ipam!.SetDefaultRoute = true;
        Assert.Contains(DeploymentRules.Of(deployment, [], Nothing).Warnings, w => w.Contains("ipam.setDefaultRoute", StringComparison.Ordinal));
    }

    [Fact]
    public void A7_whoever_makes_a_vlan_interface_is_told_that_it_gets_no_port()
    {
        var findings = SetRules.Of(Read.Yaml<DpuServiceInterface>(
            "metadata: {name: i}\nspec: {template: {spec: {template: {spec: {interfaceType: vlan, vlan: {vlanID: 5, parentInterfaceRef: p0} } } } } }"));
        Assert.Empty(findings.Errors);
        Assert.Contains("name its parent interface in the chain", Assert.Single(findings.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Upper", "services: 'Upper' cannot be the name of a service")]
    [InlineData("a_b", "services: 'a_b' cannot be the name of a service")]
    [InlineData("a-service-whose-label-would-be-longer-than-a-k", "44 at most")]
    public void A8_names_that_no_label_or_object_may_have_are_refused(string service, string problem)
    {
        var deployment = Sample.Deployment();
        deployment.Spec.Services[service] = deployment.Spec.Services["hbn"];
        Assert.Contains(DeploymentCheck.OwnProblems(deployment), p => p.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A9_parts_of_two_deployments_or_of_one_that_would_be_the_same_object_are_refused()
    {
        var (one, other) = (Sample.Deployment(), Sample.Deployment());
        (one.Metadata.Name, other.Metadata.Name) = ("a", "a-b");
        one.Spec.Services = new() { ["b-c"] = new() };
        other.Spec.Services = new() { ["c"] = new() };
        (one.Spec.ServiceChains, other.Spec.ServiceChains) = ([], []);
        Assert.Contains(
            "DPUService a-b-c would be DPUDeployment a's too",
            Assert.Single(DeploymentRules.Of(other, [one], Nothing).Errors, e => e.Contains("a-b-c", StringComparison.Ordinal)), StringComparison.Ordinal);
        var inputs = Sample.Inputs();
        inputs.Services.Single(s => s.Name == "hbn").Configuration.Spec.Interfaces!.Add(new() { Name = "p0-if", Network = "n" });
        Assert.Contains("DPUServiceInterface ovn-hbn-p0-if", Assert.Single(DeploymentCheck.Problems(inputs)), StringComparison.Ordinal);
    }

    [Fact]
    public void A10_a_port_of_a_service_or_an_interface_that_there_is_not_is_named()
    {
        var inputs = Sample.Inputs();
        inputs.Deployment.Spec.ServiceChains[0].Ports[1].Service!.Interface = "typo";
        Assert.Contains("has no interface 'typo'", Assert.Single(DeploymentCheck.Problems(inputs)), StringComparison.Ordinal);
        inputs.Deployment.Spec.ServiceChains[0].Ports[1].Service!.Name = "typo";
        Assert.Contains("there is no service 'typo'", Assert.Single(DeploymentRules.Of(inputs.Deployment, [], Nothing).Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A11_a_template_may_change_and_its_service_then_is_of_another_revision()
    {
        var (before, after) = (Sample.Inputs(), Sample.Inputs());
        after.Services[0].Template.Spec.HelmChart.Source.Version = "2.0.0";
        Assert.NotEqual(DeploymentChildren.Revision(before.Services[0]), DeploymentChildren.Revision(after.Services[0]));
        Assert.Equal(DeploymentChildren.Revision(before.Services[1]), DeploymentChildren.Revision(after.Services[1]));
    }

    [Theory]
    [InlineData("https://h", "c", null, true)]
    [InlineData("https://h", null, "p", true)]
    [InlineData("oci://h", "c", null, true)]
    [InlineData("https://h", "c", "p", false)]
    [InlineData("https://h", "", "", false)]
    [InlineData("oci://h", null, "p", false)]
    public void A12_a_source_is_a_chart_of_a_Helm_repository_or_a_path_of_a_Git_repository(string url, string? chart, string? path, bool isRight)
    {
        var findings = new Findings();
        ServiceRules.Source(findings, "source", new DpuServiceSource { RepoUrl = url, Chart = chart, Path = path, Version = "1" });
        Assert.Equal(isRight, findings.Errors.Count == 0);
    }

    [Theory]
    [InlineData("ipv4Network: {network: 'fd00::/64', prefixSize: 80}", "expected an IPv4 network")]
    [InlineData("ipv4Subnet: {subnet: 'fd00::/64', gateway: 'fd00::1', perNodeIPCount: 4}", "expected an IPv4 network")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 33}", "expected 24 (the network's own) to 32")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: -1}", "gatewayIndex -1")]
    [InlineData("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.0.1, perNodeIPCount: 0}", "perNodeIPCount 0")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, allocations: {a: 10.0.0.4/30, b: 10.0.0.4/30} }", "a and b have the same network")]
    public void A13_numbers_and_addresses_that_cannot_be_are_refused(string spec, string problem) => Assert.Contains(
        problem, Assert.Single(IpamValidation.Problems(Ipam(spec), null, "system")), StringComparison.Ordinal);

    [Theory]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 29}", "ipv4Network.prefixSize changes from 30 to 29")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: 2}", "ipv4Network.gatewayIndex changes from 1 to 2")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: 1, exclusions: [10.0.0.5], allocations: {a: 10.0.0.4/30} }", "'10.0.0.5' is in 10.0.0.4/30, which node a has")]
    public void A13_whoever_changes_what_pods_have_already_is_told(string spec, string warning)
    {
        var answer = IpamWebhook.Answer(
            new AdmissionRequest("UPDATE", "DPUServiceIPAM", "system", "i", Json(Ipam(spec)), Json(Ipam("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: 1}"))), "system");
        Assert.True(answer.Allowed);
        Assert.Contains(warning, Assert.Single(answer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A14_a_pool_belongs_to_the_namespace_of_the_system_whatever_that_is_called()
    {
        var ipam = Ipam("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.0.1, perNodeIPCount: 4}");
        Assert.Empty(IpamValidation.Problems(ipam, null, "system"));
        Assert.Contains("only in namespace elsewhere", Assert.Single(IpamValidation.Problems(ipam, null, "elsewhere")), StringComparison.Ordinal);
    }

    [Fact]
    public void A15_a_service_and_a_deployment_are_looked_at_when_they_are_written()
    {
        var service = Read.Yaml<DpuService>(
            "metadata: {name: s, namespace: ns}\nspec: {serviceID: a, interfaces: [p], helmChart: {source: {repoURL: 'https://h', chart: c, version: '1'} } }");
        Assert.Single(ServiceRules.Of(service, []).Warnings);
        Assert.NotEmpty(DeploymentRules.Of(Sample.Deployment(), [], Nothing).Warnings);
    }

    private static Dependencies Nothing { get; } = new(_ => null, _ => null, _ => null, _ => null);

    private static DpuServiceIpam Ipam(string spec) => Read.Yaml<DpuServiceIpam>($"metadata: {{name: i, namespace: system}}\nspec: {{{spec}}}");

    private static JsonObject Json(DpuServiceIpam value) => JsonNode.Parse(KubernetesJson.Serialize(value))!.AsObject();

    private static async Task<JsonNode> SchemaAsync(string plural) => Manifests.Parse(
        await File.ReadAllTextAsync(Path.Combine(Crds(), $"{plural}.svc.dpu.nvidia.com.yaml"), TestContext.Current.CancellationToken), plural)[0]["spec"]!["versions"]![0]!;

    private static string Crds([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../deploy/charts/dpf-operator/crds"));
}
