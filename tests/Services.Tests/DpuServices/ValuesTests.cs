using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Services.DpuServices;

namespace Dpf.Services.Tests.DpuServices;

public sealed class ValuesTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"b":2}""", """{"a":1,"b":2}""")]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"x":2,"y":3}}""", """{"a":{"x":1,"y":3}}""")]
    [InlineData("""{"a":{"x":1}}""", """{"a":5}""", """{"a":{"x":1}}""")]
    [InlineData("""{"a":5}""", """{"a":{"x":1}}""", """{"a":5}""")]
    [InlineData("""{"a":null}""", """{"a":1}""", """{"a":null}""")]
    [InlineData("""{"a":[1]}""", """{"a":[2,3]}""", """{"a":[1]}""")]
    [InlineData("{}", """{"a":null}""", """{"a":null}""")]
    public void Values_are_laid_over_values_as_Helm_does(string over, string under, string expected)
    {
        var (one, other) = (JsonNode.Parse(over)!.AsObject(), JsonNode.Parse(under)!.AsObject());
        Same(expected, Values.Merge(one, other));
        Assert.Equal(over, one.ToJsonString());
        Assert.Equal(under, other.ToJsonString());
    }

    [Fact]
    public void Nothing_is_laid_over_something_and_under_it()
    {
        Same("""{"a":1}""", Values.Merge(null, new JsonObject { ["a"] = 1 }));
        Same("""{"a":1}""", Values.Merge(new JsonObject { ["a"] = 1 }, null));
    }

    [Fact]
    public void Settings_of_the_DaemonSet_win_over_values_and_carry_the_service()
    {
        var service = Service("""
            serviceID: hbn
            serviceDaemonSet:
              labels: {own: label}
              updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2} }
            helmChart:
              source: {repoURL: "https://charts.example", version: 1.0.0, chart: hbn}
              values:
                serviceDaemonSet: {labels: {other: label, own: theirs}, updateStrategy: {type: OnDelete} }
                image: {tag: v1}
            """);
        Same("""
            {"serviceDaemonSet":{"labels":{"own":"label","svc.dpu.nvidia.com/service":"hbn","other":"label"},
              "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2}}},"image":{"tag":"v1"}}
            """, ServiceValues.Of(service, []));

        // What the user wrote stays what the user wrote.
        Assert.Equal(["own"], service.Spec.ServiceDaemonSet!.Labels!.Keys);
    }

    [Fact]
    public void Without_any_settings_there_is_an_empty_table() =>
        Same("""{"serviceDaemonSet":{}}""", ServiceValues.Of(Service("helmChart: {source: {repoURL: 'oci://r', version: 1.0.0} }"), []));

    [Fact]
    public void Interfaces_become_networks_of_the_pods()
    {
        var service = Service("""
            serviceID: hbn
            helmChart: {source: {repoURL: 'oci://r', version: 1.0.0} }
            serviceDaemonSet: {annotations: {k8s.v1.cni.cncf.io/networks: '[{"name":"iprequest","interface":"ip_lo"}]', a: b} }
            """);
        var values = ServiceValues.Of(service, [NetworkAnnotation.Element(new ServiceInterfaceService { Network = "mybrhbn", InterfaceName = "p0_if" })]);
        Assert.Equal(
            """[{"name":"iprequest","interface":"ip_lo","cni-args":null},{"name":"mybrhbn","interface":"p0_if","cni-args":null}]""",
            (string?)values["serviceDaemonSet"]!["annotations"]!["k8s.v1.cni.cncf.io/networks"]);
        Assert.Equal("b", (string?)values["serviceDaemonSet"]!["annotations"]!["a"]);
    }

    private static DpuService Service(string spec) => new() { Spec = Read.Yaml<DpuServiceSpec>(spec) };

    private static void Same(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual.ToJsonString());
}
