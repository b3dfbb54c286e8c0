using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Testing;

namespace Dpf.Cli.Tests;

/// <summary>What the original's charts for DPU clusters get wrong.</summary>
public sealed class ChartWeakSpotsTests
{
    private static readonly string Folder = Path.Combine(TestFolder.Repository, "deploy/charts/dpu-networking/charts");

    public static TheoryData<string> Charts() => [.. Directory.GetDirectories(Folder).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void H1_H2_a_definition_belongs_to_one_chart()
    {
        var rendered = Charts().Select(c => Rendered(c)).ToList();
        var definitions = rendered.SelectMany(r => r.Crds.Concat(r.Objects.Select(o => o.Value)))
            .Where(o => (string?)o["kind"] == "CustomResourceDefinition").Select(d => (string?)d["metadata"]!["name"]).ToList();
        Assert.Contains("servicechains.svc.dpu.nvidia.com", definitions);
        Assert.Equal(definitions.Distinct(), definitions);
    }

    [Theory, MemberData(nameof(Charts))]
    public void H9_rights_are_named_one_by_one(string name)
    {
        var rules = Render(name).Where(o => (string?)o["kind"] is "ClusterRole" or "Role").SelectMany(o => o["rules"]!.AsArray());
        Assert.All(rules, rule => Assert.DoesNotContain("\"*\"", rule!.ToJsonString(), StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Charts))]
    public void H10_what_gives_a_node_its_network_runs_on_every_node_and_is_not_evicted(string name)
    {
        foreach (var set in Render(name).Where(o => (string?)o["kind"] == "DaemonSet"))
        {
            var pod = set["spec"]!["template"]!["spec"]!;
            Assert.Equal("system-node-critical", (string?)pod["priorityClassName"]);
            Assert.Contains(pod["tolerations"]!.AsArray(), t => (string?)t!["operator"] == "Exists" && t["key"] is null);
        }
    }

    [Fact]
    public void H6_what_the_device_plugin_offers_is_a_value()
    {
        var values = JsonNode.Parse("""{"resourceList": [{"resourceName": "mine", "selectors": [{"pfNames": ["p1#1-8"]}]}]}""")!.AsObject();
        var config = JsonNode.Parse((string)Map(values)["data"]!["config.json"]!)!;
        Assert.Equal("mine", (string?)config["resourceList"]!.AsArray().Single()!["resourceName"]);
        Assert.Equal("bf_sf", (string?)JsonNode.Parse((string)Map([])["data"]!["config.json"]!)!["resourceList"]![0]!["resourceName"]);

        static JsonObject Map(JsonObject values) => Render("sriov-device-plugin", values).Single(o => (string?)o["kind"] == "ConfigMap");
    }

    [Theory, MemberData(nameof(Charts))]
    public void Whoever_takes_turns_by_a_lease_may_read_and_write_it(string name)
    {
        var objects = Render(name);
        if (objects.Exists(o => (string?)o["kind"] == "Deployment" && o.ToJsonString().Contains("--leader-elect", StringComparison.Ordinal)))
        {
            var rule = Assert.Single(
                objects.Where(o => (string?)o["kind"] is "ClusterRole" or "Role").SelectMany(o => o["rules"]!.AsArray()),
                r => r!["resources"]!.AsArray().Any(v => (string?)v == "leases"));
            Assert.Superset(new HashSet<string> { "get", "create", "update" }, rule!["verbs"]!.AsArray().Select(v => (string)v!).ToHashSet());
        }
    }

    private static List<JsonObject> Render(string name, JsonObject? values = null) => [.. Rendered(name, values).Objects.Select(o => o.Value)];

    private static RenderedChart Rendered(string name, JsonObject? values = null) =>
        ChartRenderer.Render(ChartLoader.FromFolder(Path.Combine(Folder, name)), new ReleaseFacts("rel", "ns"), values ?? [], Capabilities.Default);
}
