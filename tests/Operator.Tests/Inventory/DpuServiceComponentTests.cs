using Dpf.Operator.Inventory;

namespace Dpf.Operator.Tests.Inventory;

public sealed class DpuServiceComponentTests
{
    [Theory]
    [InlineData("servicechainset-controller", """{"enabled":true,"controllerManager":{"manager":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}}""")]
    [InlineData("sfc-controller", """{"enabled":true,"controllerManager":{"manager":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}}""")]
    [InlineData("multus", """{"enabled":true,"kubeMultusDs":{"installMultusBinary":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}},"kubeMultus":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}},"mtu":"1500"}""")]
    [InlineData("sriov-device-plugin", """{"enabled":true,"kubeSriovDevicePlugin":{"kubeSriovdp":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}}""")]
    [InlineData("flannel", """{"enabled":true,"flannel":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"},"mtu":"1500"}}""")]
    [InlineData("nvidia-k8s-ipam", """{"enabled":true,"nvIpam":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}""")]
    [InlineData("ovs-cni", """{"enabled":true,"arm64":{"ovsCniMarker":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}},"ovsCniPlugin":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}}""")]
    [InlineData("ovs-helper", """{"enabled":true,"ovsHelper":{"image":{"repository":"nvcr.io/nvidia/doca/dpf-system","tag":"v24.10.0"}}}""")]
    public void TheReleasesChartAndImagesAreTaken(string component, string values)
    {
        var service = Assert.Single(Spec.Objects(component));
        Assert.Equal((component, "dpf-operator-system"), ((string?)service["metadata"]!["name"], (string?)service["metadata"]!["namespace"]));
        Assert.Equal(values, service["spec"]!["helmChart"]!["values"]![component]!.ToJsonString());
        Assert.Equal(
            """{"repoURL":"oci://nvcr.io/nvidia/doca","chart":"dpu-networking","version":"v24.10.0"}""",
            service["spec"]!["helmChart"]!["source"]!.ToJsonString());
        Assert.Equal(component, (string?)service["metadata"]!["labels"]![ApplySetLabels.Component]);
    }

    [Fact]
    public void TheConfigurationOverridesThem()
    {
        var service = Assert.Single(Spec.Objects("ovs-helper", Spec.Least + """

            imagePullSecrets: [a]
            ovsHelper: {image: "localhost:5000/helper:v2", helmChart: "https://charts.example.org/x/net:v1.2"}
            """));
        var values = service["spec"]!["helmChart"]!["values"]!["ovs-helper"]!;
        Assert.Equal("""[{"name":"a"}]""", values["imagePullSecrets"]!.ToJsonString());
        Assert.Equal("""{"repository":"localhost:5000/helper","tag":"v2"}""", values["ovsHelper"]!["image"]!.ToJsonString());
        Assert.Equal(
            """{"repoURL":"https://charts.example.org/x","chart":"net","version":"v1.2"}""", service["spec"]!["helmChart"]!["source"]!.ToJsonString());
    }

    [Fact]
    public void EachNetworkHasItsOwnMtu()
    {
        const string spec = Spec.Least + "\nnetworking: {controlPlaneMTU: 1400, highSpeedMTU: 9000}";
        Assert.Equal("1400", (string?)Spec.Objects("flannel", spec)[0]["spec"]!["helmChart"]!["values"]!["flannel"]!["flannel"]!["mtu"]);
        Assert.Equal("9000", (string?)Spec.Objects("multus", spec)[0]["spec"]!["helmChart"]!["values"]!["multus"]!["mtu"]);
    }

    [Theory]
    [InlineData("oci://example.org:5000/a/b:v1", "oci://example.org:5000/a", "b", "v1")]
    public void AChartsReferenceIsSplit(string text, string repository, string chart, string version) =>
        Assert.Equal(new ChartReference(repository, chart, version), ChartReference.Parse(text));

    [Theory]
    [InlineData("oci://example.org:5000/a")]
    [InlineData("oci://example.org/a:")]
    [InlineData("a:v1")]
    public void AChartWithoutRepositoryOrVersionIsRefused(string text) =>
        Assert.Contains("expected repository/chart:version", Assert.Throws<FormatException>(() => ChartReference.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a/b:v1", "a/b", "v1")]
    [InlineData("host:5000/a/b", "host:5000/a/b", "latest")]
    [InlineData("host:5000/a/b@sha256:00ff", "host:5000/a/b@sha256", "00ff")]
    [InlineData("a/b:v1@sha256:00ff", "a/b:v1@sha256", "00ff")]
    [InlineData("host:5000/a/b:v1", "host:5000/a/b", "v1")]
    public void AnImagesReferenceIsSplitAtItsTag(string text, string repository, string tag) =>
        Assert.Equal(new ImageReference(repository, tag), ImageReference.Parse(text));
}
