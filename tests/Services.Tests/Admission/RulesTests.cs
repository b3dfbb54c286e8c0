using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Admission;
using Dpf.Services.Admission;
using Dpf.Services.DpuDeployments;
using Dpf.Services.Ipam;
using Dpf.Services.Tests.DpuDeployments;
using k8s;
using k8s.Models;

namespace Dpf.Services.Tests.Admission;

/// <summary>What is refused, and what its author is told.</summary>
public sealed class RulesTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("chart: a", "")]
    [InlineData("path: a", "")]
    [InlineData("path: ''", "one of chart (of a Helm repository) and path (in a Git repository) is needed")]
    [InlineData("chart: a, path: b", "leave out one of them")]
    public void A_chart_is_in_a_Helm_repository_or_in_a_Git_repository(string where, string problem) =>
        Says(problem, ServiceRules.Of(Service($"helmChart: {{source: {{repoURL: 'https://example.org/x', version: '1', {where}}} }}"), []));

    [Fact]
    public void An_OCI_repository_has_no_paths() =>
        Says("has charts, not paths", ServiceRules.Of(Service("helmChart: {source: {repoURL: 'oci://example.org/x', version: '1', path: a} }"), []));

    [Theory]
    [InlineData("serviceID: a_b.c", "")]
    [InlineData("serviceID: 'a b'", "spec.serviceID: 'a b' becomes the value of a label")]
    [InlineData("serviceID: a, interfaces: [i, i]", "spec.interfaces: 'i' is named 2 times")]
    [InlineData("serviceDaemonSet: {annotations: {k8s.v1.cni.cncf.io/networks: '[{]'} }", "neither a JSON list of networks nor name")]
    public void A_service_says_only_what_can_work(string more, string problem) =>
        Says(problem, ServiceRules.Of(Service($"helmChart: {{source: {{repoURL: 'https://example.org/x', version: '1', chart: a}} }}, {more}"), []));

    [Fact]
    public void Of_an_interface_that_does_not_fit_the_author_is_told()
    {
        var service = Service("helmChart: {source: {repoURL: 'https://example.org/x', version: '1', chart: a} }, serviceID: hbn, interfaces: [p0]");
        Assert.Contains("there is no DPUServiceInterface ns/p0", Assert.Single(ServiceRules.Of(service, []).Warnings), StringComparison.Ordinal);
        Assert.Contains("is for service 'other'", Assert.Single(ServiceRules.Of(service, [Interface("serviceID: other")]).Warnings), StringComparison.Ordinal);
        Assert.Empty(ServiceRules.Of(service, [Interface("serviceID: hbn")]).Warnings);
    }

    [Theory]
    [InlineData("network: a/b/c", "eth1", "network 'a/b/c': expected name or namespace/name")]
    [InlineData("network: a", "a-name-of-16-char", "1 to 15 characters")]
    [InlineData("network: a/b", "eth1", "")]
    public void An_interface_of_a_service_is_a_device_in_a_network(string network, string device, string problem) =>
        Says(problem, SetRules.Of(Interface("serviceID: a", network, device)));

    [Fact]
    public void A_name_that_becomes_a_label_is_no_longer_than_a_label()
    {
        var (fits, tooLong) = (new string('n', 63), new string('n', 64));
        var (value, chain) = (Interface("serviceID: a"), new DpuServiceChain { Metadata = new V1ObjectMeta { Name = fits } });
        value.Metadata.Name = fits;
        Says("", SetRules.Of(value));
        Says("", SetRules.Of(chain));
        (value.Metadata.Name, chain.Metadata.Name) = (tooLong, tooLong);
        Says("63 characters at most", SetRules.Of(value));
        Says("63 characters at most", SetRules.Of(chain));
        var pool = Ipam.IpamValidationTests.Ipam("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.0.1, perNodeIPCount: 4}");
        pool.Metadata.Name = tooLong;
        Assert.Contains(
            "63 characters at most", Assert.Single(IpamValidation.Problems(pool, null, pool.Metadata.NamespaceProperty)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_by_which_a_set_finds_its_children_is_not_the_users()
    {
        var value = Interface("serviceID: a");
        value.Spec.Template.Spec.Template.Metadata = new() { Labels = new() { ["svc.dpu.nvidia.com/nodeName"] = "x" } };
        Says("'svc.dpu.nvidia.com/nodeName' is set by the controller", SetRules.Of(value));
    }

    [Fact]
    public void Two_deployments_whose_parts_would_be_one_are_refused_and_missing_parts_are_told()
    {
        var (deployment, other) = (Sample.Deployment(), Sample.Deployment());
        var nothing = new Dependencies(_ => null, _ => null, _ => null, _ => null);
        Assert.Contains("BFB bf-bundle does not exist", DeploymentRules.Of(deployment, [deployment], nothing).Warnings);
        (other.Metadata.Name, deployment.Metadata.Name) = ("a", "a-b");
        other.Spec.Services["b-hbn"] = other.Spec.Services["hbn"];
        Says("DPUService a-b-hbn would be DPUDeployment a's too", DeploymentRules.Of(deployment, [other], nothing));
    }

    [Fact]
    public async Task Whoever_deletes_a_chain_a_pool_or_a_template_in_use_is_told_by_whom()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: used}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceChain
            metadata: {name: chain, namespace: used}
            spec: {template: {spec: {template: {spec: {switches: [{ports: [{serviceInterface: {matchLabels: {port: p0}, ipam: {matchLabels: {pool: a} } } }]}]} } } } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p0, namespace: used}
            spec: {template: {spec: {template: {metadata: {labels: {port: p0, more: than} }, spec: {interfaceType: physical, physical: {interfaceName: p0} } } } } }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUDeployment
            metadata: {name: whole, namespace: used}
            spec:
              dpus: {bfb: b, flavor: f}
              services: {dts: {serviceTemplate: dts, serviceConfiguration: dts-configuration} }
              serviceChains: [{ports: [{serviceInterface: {matchLabels: {a: b} } }]}]
            """);
        var webhooks = new ServiceWebhooks(clusters.Management);
        await ToldAsync("DPUServiceChain", "chain", "it connects DPUServiceInterface p0");
        await ToldAsync("DPUServiceInterface", "p0", "it is used by DPUServiceChain chain");
        await ToldAsync("DPUServiceTemplate", "dts", "it goes only after DPUDeployment whole");
        await ToldAsync("DPUServiceConfiguration", "dts-configuration", "it goes only after DPUDeployment whole");
        await ToldAsync("DPUServiceIPAM", "pool", "addresses come from it for DPUServiceChain used/chain");

        async Task ToldAsync(string kind, string name, string what)
        {
            var old = await clusters.Management.GetAsync("svc.dpu.nvidia.com/v1alpha1", kind, "used", name, Cancellation) ?? new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "used" },
                ["spec"] = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["pool"] = "a" } } },
            };
            var answer = await webhooks.AnswerAsync(new AdmissionRequest("DELETE", kind, "used", name, null, old), Cancellation);
            Assert.True(answer.Allowed);
            Assert.Contains(what, Assert.Single(answer.Warnings), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Credentials_are_for_those_who_could_get_them_by_other_means()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: tenant, namespace: default}
            rules:
            - {apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}
            - {apiGroups: [""], resources: [secrets], verbs: [create, update]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: tenant, namespace: default}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant}
            subjects: [{kind: User, name: tenant, apiGroup: rbac.authorization.k8s.io}]
            """);
        var webhooks = new ServiceWebhooks(clusters.Management);
        var tenant = new AdmissionUser("tenant", ["system:authenticated"]);
        Assert.True((await AskAsync("serviceAccount: {name: a}, secret: {name: s}", tenant)).Allowed);
        Assert.Contains(
            "user tenant may not create tokens of the service account: verb create on serviceaccounts/token a in namespace kube-system",
            (await AskAsync("serviceAccount: {name: a, namespace: kube-system}, secret: {name: s}", tenant)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "may not create the Secret", (await AskAsync("serviceAccount: {name: a}, secret: {name: s, namespace: other}", tenant)).Message,
            StringComparison.Ordinal);
        var elsewhere = "serviceAccount: {name: a}, secret: {name: s}, targetCluster: {name: c1, namespace: clusters}";
        Assert.Contains(
            "may not read the kubeconfig of the target cluster: verb get on secrets c1-admin-kubeconfig in namespace clusters",
            (await AskAsync(elsewhere, tenant)).Message, StringComparison.Ordinal);
        Assert.True((await AskAsync(elsewhere, new AdmissionUser("root", ["system:masters"]))).Allowed);
        Assert.False((await AskAsync("serviceAccount: {name: a}, secret: {name: s}", null)).Allowed);

        Task<AdmissionAnswer> AskAsync(string spec, AdmissionUser? user) => webhooks.AnswerAsync(
            new AdmissionRequest(
                "CREATE", "DPUServiceCredentialRequest", "default", "r", JsonNode.Parse(KubernetesJson.Serialize(
                    Read.Yaml<DpuServiceCredentialRequest>($"metadata: {{name: r}}\nspec: {{type: tokenFile, {spec}}}")))!.AsObject(), null)
            {
                User = user,
            },
            Cancellation);
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_credential_request_has_a_name_that_its_Secret_can_carry_in_a_label(int length, bool isAllowed) => Assert.Equal(
        isAllowed, CredentialRules.Of(new DpuServiceCredentialRequest { Metadata = new V1ObjectMeta { Name = new string('r', length) } }).Errors.Count == 0);

    [Theory]
    [InlineData("9m59s", false)]
    [InlineData("10m", true)]
    [InlineData("24h", true)]
    [InlineData("9999999h", false)]
    public void A_token_lives_as_long_as_API_servers_allow(string duration, bool isAllowed)
    {
        var request = new DpuServiceCredentialRequest { Metadata = new V1ObjectMeta { Name = "r" } };
        request.Spec.Duration = duration;
        Assert.Equal(isAllowed, CredentialRules.Of(request).Errors.Count == 0);
    }

    private static void Says(string problem, Findings findings)
    {
        if (problem.Length == 0)
        {
            Assert.Empty(findings.Errors);
        }
        else
        {
            Assert.Contains(problem, Assert.Single(findings.Errors), StringComparison.Ordinal);
        }
    }

    private static DpuService Service(string spec) => Read.Yaml<DpuService>($"metadata: {{name: s, namespace: ns}}\nspec: {{{spec}}}");

    private static DpuServiceInterface Interface(string id, string network = "network: a", string device = "eth1") => Read.Yaml<DpuServiceInterface>(
        "metadata: {name: p0, namespace: ns}\n" +
        $"spec: {{template: {{spec: {{template: {{spec: {{interfaceType: service, service: {{{id}, {network}, interfaceName: {device}}} }} }} }} }} }}");
}
