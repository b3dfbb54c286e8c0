using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Services.Applying;
using Dpf.Services.DpuDeployments;
using k8s;
using k8s.Models;

namespace Dpf.Services.Tests.DpuDeployments;

public sealed class DeploymentPlanTests
{
    [Fact]
    public void The_guides_DPUDeployment_becomes_its_children()
    {
        var children = DeploymentChildren.Of(Sample.Inputs());
        Assert.Equal(["ovn-hbn", "ovn-ovn"], children.Services.Select(s => s.Metadata.Name));
        Assert.Equal(["ovn-hbn-p0-if"], children.Interfaces.Select(i => i.Metadata.Name));
        Assert.Equal(["ovn"], children.Chains.Select(c => c.Metadata.Name));
        Assert.Equal(["ovn-dpuset1"], children.DpuSets.Select(s => s.Metadata.Name));
        foreach (var child in children.Services.Cast<IKubernetesObject<V1ObjectMeta>>().Concat(children.Interfaces).Concat(children.Chains).Concat(children.DpuSets))
        {
            Assert.Equal("system_ovn", child.Metadata.Labels["svc.dpu.nvidia.com/owned-by-dpudeployment"]);
            Assert.Equal(("DPUDeployment", "ovn", true), (child.Metadata.OwnerReferences[0].Kind, child.Metadata.OwnerReferences[0].Name, child.Metadata.OwnerReferences[0].Controller));
        }
    }

    [Fact]
    public void A_service_runs_the_template_as_configured_on_the_deployments_nodes()
    {
        var service = DeploymentChildren.Of(Sample.Inputs()).Services.Single(s => s.Metadata.Name == "ovn-hbn");
        Same("""
            {"helmChart":{"source":{"repoURL":"https://charts.example","chart":"hbn","version":"1.0.0"},"values":{"a":2,"b":3}},
             "interfaces":["ovn-hbn-p0-if"],"serviceID":"dpudeployment_ovn_hbn",
             "serviceDaemonSet":{"labels":{"l":"v"},"nodeSelector":{"nodeSelectorTerms":[{"matchExpressions":[
              {"key":"svc.dpu.nvidia.com/dpuservice-hbn-version","operator":"In","values":["placeholder-for-version"]},
              {"key":"svc.dpu.nvidia.com/owned-by-dpudeployment","operator":"In","values":["system_ovn"]}]}]}}}
            """, Applier.Json(service)["spec"]);
    }

    [Fact]
    public void A_service_of_the_management_cluster_selects_no_DPUs_and_labels_none()
    {
        var inputs = Sample.Inputs(configuration: "deployInCluster: true");
        var children = DeploymentChildren.Of(inputs);
        Assert.Null(children.Services.Single(s => s.Metadata.Name == "ovn-hbn").Spec.ServiceDaemonSet);
        Assert.DoesNotContain("svc.dpu.nvidia.com/dpuservice-hbn-version", children.DpuSets[0].Spec.DpuTemplate!.Spec!.Cluster!.NodeLabels!.Keys);
    }

    [Fact]
    public void An_interface_of_a_service_carries_the_labels_that_chains_look_for()
    {
        var children = DeploymentChildren.Of(Sample.Inputs());
        Same("""
            {"template":{"spec":{"nodeSelector":{"matchExpressions":[
              {"key":"svc.dpu.nvidia.com/dpuservice-hbn-version","operator":"In","values":["placeholder-for-version"]},
              {"key":"svc.dpu.nvidia.com/owned-by-dpudeployment","operator":"In","values":["system_ovn"]}]},
             "template":{"metadata":{"labels":{"svc.dpu.nvidia.com/service":"dpudeployment_ovn_hbn","svc.dpu.nvidia.com/interface":"p0_if"}},
              "spec":{"interfaceType":"service","service":{"interfaceName":"p0_if","network":"mybrhbn","serviceID":"dpudeployment_ovn_hbn"}}}}}}
            """, Applier.Json(children.Interfaces[0])["spec"]);
        Same("""
            [{"ports":[{"serviceInterface":{"matchLabels":{"uplink":"p0"}}},
             {"serviceInterface":{"ipam":{"defaultGateway":true,"matchLabels":{"pool":"a"}},
              "matchLabels":{"svc.dpu.nvidia.com/service":"dpudeployment_ovn_hbn","svc.dpu.nvidia.com/interface":"p0_if"}}}]}]
            """, Applier.Json(children.Chains[0])["spec"]!["template"]!["spec"]!["template"]!["spec"]!["switches"]);
    }

    [Fact]
    public void A_set_of_DPUs_labels_nodes_for_every_service_and_the_chain()
    {
        Same("""
            {"nodeSelector":{"matchLabels":{"feature.node.kubernetes.io/dpu-enabled":"true"}},"strategy":{"type":"RollingUpdate"},
             "dpuTemplate":{"spec":{"bfb":{"name":"bf-bundle"},"dpuFlavor":"flavor","cluster":{"nodeLabels":{
              "svc.dpu.nvidia.com/dpuservice-hbn-version":"placeholder-for-version","svc.dpu.nvidia.com/dpuservice-ovn-version":"placeholder-for-version",
              "svc.dpu.nvidia.com/dpuservicechain-version":"placeholder-for-version","svc.dpu.nvidia.com/owned-by-dpudeployment":"system_ovn"}}}}}
            """, Applier.Json(DeploymentChildren.Of(Sample.Inputs()).DpuSets[0])["spec"]);
    }

    [Fact]
    public void A_revision_changes_with_what_runs_and_with_nothing_else()
    {
        string Revision(DeploymentInputs inputs, string name) => DeploymentChildren.Of(inputs).Services
            .Single(s => s.Metadata.Name == name).Metadata.Annotations["dpuservice.nvidia.com/version"];
        var (before, after) = (Sample.Inputs(), Sample.Inputs(configuration: "helmChart: {values: {a: 5} }"));
        Assert.Equal(10, Revision(before, "ovn-hbn").Length);
        Assert.NotEqual(Revision(before, "ovn-hbn"), Revision(after, "ovn-hbn"));
        Assert.Equal(Revision(before, "ovn-ovn"), Revision(after, "ovn-ovn"));
        Assert.Equal(Revision(before, "ovn-hbn"), Revision(Sample.Inputs(), "ovn-hbn"));
    }

    [Fact]
    public void Digests_are_those_of_the_reference()
    {
        Assert.Equal("sha256:464f0da35dc95dc2dc0bc4c84904197cb0f035eed8e08839a01515320c76c832", Digest.Of("foo"));
        Assert.Equal("sha256:ae40de46fb59e1cf8dd15ade2693d4dfd7721203a558d276383f3f976ff7a40a", Digest.Of("foo", "bar"));
        Assert.Equal("464f0da35d", Digest.Short(Digest.Of("foo"), 10));
        Assert.Equal("", Digest.Of());
        Assert.Equal(
            Digest.Of(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }), Digest.Of(new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" }));
    }

    [Fact]
    public void What_is_missing_or_is_anothers_is_named()
    {
        var deployment = Sample.Deployment();
        var (_, missing) = new Dependencies(_ => null, _ => null, _ => null, name => new DpuServiceConfiguration
        {
            Metadata = new V1ObjectMeta { Name = name }, Spec = new DpuServiceConfigurationSpec { DeploymentServiceName = "ovn" },
        }).Resolve(deployment);
        Assert.Equal(
        [
            "BFB bf-bundle does not exist",
            "DPUFlavor flavor does not exist",
            "DPUServiceTemplate hbn of service hbn does not exist",
            "DPUServiceConfiguration hbn is for service 'ovn' (spec.deploymentServiceName), not 'hbn'",
            "DPUServiceTemplate ovn of service ovn does not exist",
        ], missing);
    }

    [Fact]
    public void A_port_of_a_service_that_there_is_not_is_found_before_anything_is_made()
    {
        var inputs = Sample.Inputs();
        Assert.Empty(DeploymentCheck.Problems(inputs));
        inputs.Deployment.Spec.ServiceChains[0].Ports[1].Service!.Interface = "p1_if";
        Assert.Equal("serviceChains: DPUServiceConfiguration hbn has no interface 'p1_if'", Assert.Single(DeploymentCheck.Problems(inputs)));
        inputs.Deployment.Spec.ServiceChains[0].Ports[1].Service!.Name = "typo";
        Assert.Equal("serviceChains: there is no service 'typo' in spec.services", Assert.Single(DeploymentCheck.Problems(inputs)));
    }

    [Fact]
    public void Names_that_no_object_or_label_may_have_are_found_before_anything_is_made()
    {
        var inputs = Sample.Inputs();
        inputs.Deployment.Spec.Dpus.DpuSets![0].NameSuffix = "Upper";
        inputs.Deployment.Metadata.NamespaceProperty = new string('n', 60);
        Assert.Contains(DeploymentCheck.Problems(inputs), p => p.Contains("'ovn-Upper' cannot be the name of a DPUSet", StringComparison.Ordinal));
        Assert.Contains(DeploymentCheck.Problems(inputs), p => p.Contains("cannot be the value of a label", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(52, true)]
    [InlineData(53, false)]
    public void A_name_that_leaves_no_room_for_a_revision_beside_it_is_found_before_the_first_change(int length, bool hasRoom)
    {
        var inputs = Sample.Inputs();
        var configuration = inputs.Services.Single(s => s.Name == "hbn").Configuration.Spec;
        var name = new string('i', length - "ovn-hbn-".Length);
        configuration.Interfaces![0].Name = inputs.Deployment.Spec.ServiceChains[0].Ports[1].Service!.Interface = name;
        Assert.Empty(DeploymentCheck.Problems(inputs));
        configuration.UpgradePolicy = new() { ApplyNodeEffect = true };
        Assert.Equal(
            hasRoom ? [] : [$"'ovn-hbn-{name}' leaves a DPUServiceInterface no room"],
            DeploymentCheck.Problems(inputs).Select(p => p.Split(" for ")[0]));
    }

    [Fact]
    public void Two_interfaces_that_would_become_one_are_found()
    {
        var inputs = Sample.Inputs();
        inputs.Services[0].Configuration.Spec.Interfaces!.Add(new DpuServiceConfigurationInterface { Name = "p0-if", Network = "mybrhbn" });
        Assert.Contains("2 of its parts would become DPUServiceInterface ovn-hbn-p0-if", Assert.Single(DeploymentCheck.Problems(inputs)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, "cpu: 100", "")]
    [InlineData("cpu: 16, memory: 16Gi", null, "cpu: 16, memory: 16Gi", "")]
    [InlineData("cpu: 16, memory: 16Gi", "cpu: 4, memory: 6Gi", "cpu: 8, memory: 8Gi", "")]
    [InlineData("cpu: 16, memory: 16Gi", "cpu: 4, memory: 6Gi", "cpu: 12500m, memory: 12Gi", "cpu: 500m|memory: 2Gi")]
    [InlineData("cpu: 16", null, "nvidia.com/sf: 3", "nvidia.com/sf: 3")]
    [InlineData("cpu: 2", "cpu: 3", "{}", "cpu: 1")]
    public void Services_must_fit_on_a_DPU(string? total, string? reserved, string required, string expected)
    {
        var inputs = Sample.Inputs();
        inputs.Flavor.Spec.DpuResources = Resources(total);
        inputs.Flavor.Spec.SystemReservedResources = Resources(reserved);
        inputs.Services[0].Template.Spec.ResourceRequirements = Resources(required == "{}" ? "" : required);
        Assert.Equal(expected, string.Join('|', ResourceFit.Missing(inputs)));

        static Dictionary<string, JsonNode>? Resources(string? text) => text?.Split(", ", StringSplitOptions.RemoveEmptyEntries)
            .Select(r => r.Split(": ")).ToDictionary(r => r[0], r => (JsonNode)JsonValue.Create(r[1])!);
    }

    [Fact]
    public void A_shared_dependency_is_held_until_nobody_uses_it()
    {
        var bfb = new Bfb { Metadata = new V1ObjectMeta { Name = "b", Finalizers = ["others"] } };
        Assert.Equal("others,dpu.nvidia.com/dpudeployment a", Wanted(bfb, "b", "a"));
        bfb.Metadata.Finalizers.Add("dpu.nvidia.com/dpudeployment");
        bfb.Metadata.Labels = new Dictionary<string, string> { ["dpu.nvidia.com/consumed-by-dpudeployment-name"] = "b" };
        Assert.Equal("others,dpu.nvidia.com/dpudeployment b", Wanted(bfb, "b", "a"));
        Assert.Equal("others,dpu.nvidia.com/dpudeployment a", Wanted(bfb, "a"));
        Assert.Equal("others ", Wanted(bfb));

        static string Wanted(Bfb value, params string[] users)
        {
            var (finalizers, consumer) = DependencyMarks.Wanted(value, users);
            return $"{string.Join(',', finalizers)} {consumer}";
        }
    }

    [Fact]
    public void Sets_of_DPUs_wait_for_their_DPUs_and_for_none_when_there_are_none()
    {
        var set = DeploymentChildren.Of(Sample.Inputs()).DpuSets;
        Dpu Of(string name, string phase, string owner = "ovn-dpuset1") => new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "system",
                Labels = new Dictionary<string, string>
                {
                    ["provisioning.dpu.nvidia.com/dpuset-name"] = owner, ["provisioning.dpu.nvidia.com/dpuset-namespace"] = "system",
                },
            },
            Status = new DpuStatus { Phase = phase },
        };
        Assert.Equal(["system/ovn-dpuset1 (not there yet)"], DeploymentReadiness.Unready(set, [], [], null));
        Assert.Empty(DeploymentReadiness.Unready(set, set, [], null));
        Assert.Empty(DeploymentReadiness.Unready(set, set, [Of("a", "Ready"), Of("b", "Error", "other")], null));
        Assert.Equal(
            ["system/ovn-dpuset1 (DPU b is OS Installing)"], DeploymentReadiness.Unready(set, set, [Of("a", "Ready"), Of("b", "OS Installing")], null));
        var broken = new Bfb { Metadata = new V1ObjectMeta { Name = "bf-bundle", NamespaceProperty = "system" }, Status = new BfbStatus { Phase = "Error" } };
        Assert.Equal(["BFB system/bf-bundle (its image cannot be fetched)"], DeploymentReadiness.Unready(set, set, [], broken));
    }

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString());
}
