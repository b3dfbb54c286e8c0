using System.Text.Json.Nodes;
using Dpf.Cli.Composition;
using Dpf.Helm.Rendering;
using Dpf.Testing;

namespace Dpf.Cli.Tests;

public sealed class PublishedChartsTests
{
    private static readonly ChartRelease Release = new(
        "oci://registry.example.com:5000/dpf", "registry.example.com:5000/dpf/dpf-system:v1", "registry.example.com:5000/dpf/hostdriver:v1", "v24.10.1");

    public static TheoryData<string> Charts() => [.. PublishedCharts.Names];

    [Theory, MemberData(nameof(Charts))]
    public void EveryContainerOfOursHasTheReleasesImage(string name)
    {
        var package = PublishedCharts.Pack(TestFolder.Chart(name), Release, PackedChart.DependenciesOf(name));
        var everything = new JsonObject
        {
            ["k8sAPIServer"] = "https://10.0.110.1:6443",
            ["dpuManifests"] = new JsonObject { ["enabled"] = true, ["kubernetesSecretName"] = "ovn-dpu" },
        };
        foreach (var part in Path.Combine(TestFolder.Chart(name), "charts") is var parts && Directory.Exists(parts) ? Directory.GetDirectories(parts) : [])
        {
            everything[Path.GetFileName(part)] = new JsonObject { ["enabled"] = true };
        }

        var rendered = ChartRenderer.Render(PackedChart.Load(package), new ReleaseFacts("rel", "ns"), everything, Capabilities.Default);
        var containers = rendered.Objects.SelectMany(o => Containers(o.Value)).ToList();
        var ours = containers.Where(c => (string?)c["command"]?[2] is { } component && ComponentTable.IsOfProduct(component)).ToList();
        Assert.NotEmpty(ours);
        Assert.All(ours, c => Assert.Equal(Release.Image, (string?)c["image"]));

        // The image's own account is root: who asks not to be that has to say who to be.
        Assert.All(
            ours.Where(c => (bool?)c["securityContext"]?["runAsNonRoot"] == true), c => Assert.True((long?)c["securityContext"]!["runAsUser"] > 0));
    }

    [Fact]
    public void TheOperatorIsToldTheReleasesImagesAndChart()
    {
        var package = PublishedCharts.Pack(TestFolder.Chart("dpf-operator"), Release, PackedChart.DependenciesOf("dpf-operator"));
        var rendered = ChartRenderer.Render(PackedChart.Load(package), new ReleaseFacts("rel", "ns"), [], Capabilities.Default);
        var arguments = rendered.Objects.SelectMany(o => Containers(o.Value)).Single(c => (string?)c["command"]?[2] == "operator")["args"]!.AsArray()
            .Select(a => (string?)a).ToList();
        Assert.Contains("--dpf-system-image=" + Release.Image, arguments);
        Assert.Contains("--hostdriver-image=" + Release.HostDriverImage, arguments);
        Assert.Contains("--dpu-networking-chart=oci://registry.example.com:5000/dpf/dpu-networking:v24.10.1", arguments);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("0", "--cloud-init-timeout=0")]
    public void TheOperatorIsToldHowLongAFirstBootTakesWhereTheGuidesVariableSays(string variable, string? argument)
    {
        var package = PublishedCharts.Pack(TestFolder.Chart("dpf-operator"), Release, PackedChart.DependenciesOf("dpf-operator"));
        var values = new JsonObject { ["controllerManager"] = new JsonObject { ["cloudInitTimeout"] = variable } };
        var rendered = ChartRenderer.Render(PackedChart.Load(package), new ReleaseFacts("rel", "ns"), values, Capabilities.Default);
        var arguments = rendered.Objects.SelectMany(o => Containers(o.Value)).Single(c => (string?)c["command"]?[2] == "operator")["args"]!.AsArray();
        Assert.Equal(argument, arguments.Select(a => (string?)a).SingleOrDefault(a => a!.StartsWith("--cloud-init-timeout", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("dpf-operator", "v24.10.1")]
    [InlineData("ovn-kubernetes-chart", "v24.10.1")]
    [InlineData("doca-blueman", "1.0.5")]
    [InlineData("doca-telemetry", "0.2.3")]
    public void TheVersionIsTheOneThatTheGuideAsksFor(string name, string version) => Assert.Equal(
        version, PublishedCharts.Pack(TestFolder.Chart(name), Release, new Dictionary<string, byte[]>()).Version);

    [Fact]
    public void EveryChartOfOursIsPublished() => Assert.Equal(
        Directory.GetDirectories(Path.Combine(TestFolder.Repository, "deploy/charts")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
        PublishedCharts.Names.Order(StringComparer.Ordinal));

    private static IEnumerable<JsonNode> Containers(JsonObject value) =>
        value["spec"]?["template"]?["spec"] is { } pod
            ? (pod["containers"]?.AsArray() ?? []).Concat(pod["initContainers"]?.AsArray() ?? []).OfType<JsonNode>()
            : [];
}
