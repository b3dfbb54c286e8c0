using System.Text.Json.Nodes;

namespace Dpf.Scenarios.Tests;

/// <summary>What <c>dpf trace</c> and the numbered flows of <c>dpf traffic</c> say of a network that works.</summary>
[Collection(SharedLab.Name)]
public sealed class SeeingTests(DualStackLab guide)
{
    private LabHost Lab => guide.Lab;

    [Theory]
    [InlineData("")]
    [InlineData("--ipv6")]
    public async Task A_packet_is_followed_to_a_pod_behind_another_DPU(string family)
    {
        var from = await PodAsync("traffic-client", "worker1");
        var report = await TraceAsync($"{from} {await PodAsync("traffic-server", "worker2")} --protocol icmp {family}");
        var kinds = report["hops"]!.AsArray().Select(hop => (string)hop!["kind"]!).ToList();
        Assert.Equal(["Pod", "Representor", "Switch"], kinds.Take(3));
        Assert.Contains("Tunnel", kinds);
        Assert.Equal(["Representor", "Pod"], kinds.TakeLast(2));
        var service = await TraceAsync($"{from} svc/traffic {family}");
        Assert.Contains(Facts(service), fact => fact.StartsWith("load balancer ", StringComparison.Ordinal) && fact.Contains("as well as", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("198.51.100.10")]
    [InlineData("2001:db8:51:100::10")]
    public async Task A_packet_is_followed_to_the_outside(string outside)
    {
        var report = await TraceAsync($"{await PodAsync("traffic-client", "worker1")} {outside} --protocol icmp");
        Assert.Equal("Fabric", (string?)report["hops"]!.AsArray()[^1]!["kind"]);
        Assert.Contains(Facts(report), fact => fact.StartsWith("source becomes ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--ipv6")]
    public async Task Flows_are_as_they_should_and_go_past_the_host(string family)
    {
        var outcome = await Lab.DpfAsync($"traffic --cases 1,2,6,10,16,25,35,36,60 --duration 0.3 --output json {family}");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var cases = JsonNode.Parse(outcome.Output)!["cases"]!.AsArray();
        Assert.All(cases, flow => Assert.Equal("ok", (string?)flow!["outcome"]));
        Assert.Equal(9, cases.Count);
        Assert.All(cases.Where(flow => flow!["offload"] is not null), flow => Assert.Equal("software", (string?)flow!["offload"]!["by"]));
    }

    private static List<string> Facts(JsonNode report) =>
        [.. report["hops"]!.AsArray().SelectMany(hop => hop!["facts"]!.AsArray()).Select(fact => (string)fact!)];

    private async Task<JsonNode> TraceAsync(string arguments)
    {
        var outcome = await Lab.DpfAsync($"trace {arguments} --output json");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return JsonNode.Parse(outcome.Output)!;
    }

    private async Task<string> PodAsync(string app, string node) => (await Lab.UserSucceedsAsync(
        $"kubectl get pods -l app={app} --field-selector spec.nodeName={node} -o jsonpath='{{.items[0].metadata.name}}'")).Trim();
}
