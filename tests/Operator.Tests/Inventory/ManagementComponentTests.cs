using System.Text.Json.Nodes;
using Dpf.Operator.Inventory;

namespace Dpf.Operator.Tests.Inventory;

public sealed class ManagementComponentTests
{
    public static TheoryData<string> Controllers() =>
        ["kamaji-cluster-manager", "static-cluster-manager", "provisioning-controller", "dpuservice-controller"];

    [Theory, MemberData(nameof(Controllers))]
    public void AControllerRunsOnTheControlPlaneWithTheReleasesImage(string component)
    {
        var spec = Spec.Objects(component, Spec.Least + "\nstaticClusterManager: {}").PodSpec();
        Assert.Equal(new ReleaseDefaults().DpfSystemImage, (string?)spec["containers"]![0]!["image"]);
        var terms = spec["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]!["nodeSelectorTerms"]!.AsArray();
        Assert.Equal(
            ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"],
            terms.Select(t => (string?)t!["matchExpressions"]![0]!["key"]));
        Assert.Equal(2, spec["tolerations"]!.AsArray().Count(t => (string?)t!["operator"] == "Exists" && (string?)t["effect"] == "NoSchedule"));
        Assert.Null(spec["imagePullSecrets"]);
    }

    [Theory, MemberData(nameof(Controllers))]
    public void EverythingIsInTheConfigurationsNamespaceAndNothingNamesAnother(string component)
    {
        var objects = Spec.Objects(component, Spec.Least + "\nstaticClusterManager: {}", "elsewhere");
        Assert.NotEmpty(objects);
        Assert.DoesNotContain("dpf-operator-system", new JsonArray([.. objects]).ToJsonString(), StringComparison.Ordinal);
        foreach (var value in objects.Select(o => o.DeepClone()))
        {
            var isClusterWide = (string?)value["kind"] is "ClusterRole" or "ClusterRoleBinding" or "ValidatingWebhookConfiguration" or "MutatingWebhookConfiguration";
            Assert.Equal(isClusterWide ? null : "elsewhere", (string?)value["metadata"]!["namespace"]);
            Assert.NotNull(value["metadata"]!["labels"]![ApplySetLabels.Component]);
        }
    }

    [Fact]
    public void TheProvisioningControllerIsToldWhatTheConfigurationSays()
    {
        var objects = Spec.Objects("provisioning-controller", """
            imagePullSecrets: [one, two, one]
            provisioningController: {bfbPVCName: " my-pvc ", dmsTimeout: 900, image: "example.org:5000/dpf:v9"}
            """);
        Assert.Subset(
            objects.Arguments().ToHashSet(),
            new HashSet<string>
            {
                "--bfb-pvc=my-pvc", "--image-pull-secrets=one,two", "--dms-timeout=900",
                $"--dms-image={new ReleaseDefaults().HostDriverImage}", $"--hostnetwork-image={new ReleaseDefaults().HostDriverImage}",
            });
        var spec = objects.PodSpec();
        Assert.Equal("my-pvc", (string?)spec["volumes"]!.AsArray().Single(v => (string?)v!["name"] == "bfb-volume")!["persistentVolumeClaim"]!["claimName"]);
        Assert.Equal("example.org:5000/dpf:v9", (string?)spec["containers"]![0]!["image"]);
        Assert.Equal("""[{"name":"one"},{"name":"two"}]""", spec["imagePullSecrets"]!.ToJsonString());
        Assert.Equal("dpf-provisioning-hbn-ovn", (string?)objects.Kind("DPUFlavor")["metadata"]!["name"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0")]
    public void TheProvisioningControllerIsToldHowLongAFirstBootTakesWhereTheOperatorIs(string? seconds)
    {
        var objects = ComponentInventory.All.Single(c => c.Name == "provisioning-controller").Desired(Spec.Of(), new ReleaseDefaults { CloudInitTimeout = seconds });
        var variables = objects.PodSpec()["containers"]![0]!["env"]?.AsArray() ?? [];
        Assert.Equal(seconds, variables.Where(v => (string?)v!["name"] == "CLOUD_INIT_TIMEOUT").Select(v => (string?)v!["value"]).SingleOrDefault());
    }

    [Fact]
    public void WhatIsNotConfiguredIsNotSaid()
    {
        var arguments = Spec.Objects("provisioning-controller").Arguments().ToList();
        Assert.DoesNotContain(arguments, a => a.StartsWith("--image-pull-secrets", StringComparison.Ordinal));
        Assert.DoesNotContain(arguments, a => a.StartsWith("--dms-timeout", StringComparison.Ordinal));
    }

    [Fact]
    public void ABlankVolumeClaimIsRefusedWithItsField() => Assert.Contains(
        "spec.provisioningController.bfbPVCName",
        Assert.Throws<FormatException>(() => Spec.Objects("provisioning-controller", "provisioningController: {bfbPVCName: \"  \"}")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void TheDetectorRunsOnEveryNodeWithTheHostDriversImage()
    {
        var spec = Spec.Objects("dpudetector").PodSpec();
        Assert.Equal(new ReleaseDefaults().HostDriverImage, (string?)spec["containers"]![0]!["image"]);
        Assert.Null(spec["affinity"]);
        Assert.Contains(spec["tolerations"]!.AsArray(), t => (string?)t!["operator"] == "Exists" && (string?)t["key"] is null or "node.kubernetes.io/not-ready");
    }

    [Theory]
    [InlineData("dpuDetector: {collectors: {psID: true} }", true)]
    [InlineData("dpuDetector: {collectors: {psID: false} }", false)]
    [InlineData("dpuDetector: {}", false)]
    public void TheDetectorCollectsPsidsWhenTold(string block, bool collects) =>
        Assert.Equal(collects, Spec.Objects("dpudetector", Spec.Least + "\n" + block).Arguments().Contains("--collector.PSID=true"));

    [Theory]
    [InlineData("kamaji-cluster-manager", "", true)]
    [InlineData("kamaji-cluster-manager", "kamajiClusterManager: {disable: true}", false)]
    [InlineData("kamaji-cluster-manager", "kamajiClusterManager: {disable: false}", true)]
    [InlineData("kamaji-cluster-manager", "kamajiClusterManager: {}", true)]
    [InlineData("static-cluster-manager", "", false)]
    [InlineData("static-cluster-manager", "staticClusterManager: {}", true)]
    [InlineData("static-cluster-manager", "staticClusterManager: {disable: true}", false)]
    [InlineData("flannel", "flannel: {disable: true}", false)]
    public void AComponentIsDeployedUnlessDisabled(string component, string block, bool isDeployed) =>
        Assert.Equal(isDeployed, Spec.Objects(component, Spec.Least + "\n" + block).Count > 0);
}
