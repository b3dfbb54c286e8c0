using System.Text.Json.Nodes;
using Dpf.Api.Services;
using k8s.Models;

namespace Dpf.Services.Tests.DpuDeployments.Revisions;

/// <summary>Revisions of a service on the nodes of a DPU cluster, judged from the objects.</summary>
public sealed class RolloutLifeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";
    private const string Provisioning = "provisioning.dpu.nvidia.com/v1alpha1";
    private const string Key = "svc.dpu.nvidia.com/dpuservice-dts-version";
    private const string First = "placeholder-for-version";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disruptive_change_goes_from_node_to_node_and_a_bad_one_is_given_up_and_undone()
    {
        await NodeAsync("side_rolls", "side-1");
        await NodeAsync("side_rolls", "side-2");
        await clusters.Management.ApplyYamlAsync(
            Whole.Namespace("side") + Whole.Parts("side", "upgradePolicy: {applyNodeEffect: true}") + Whole.Deployment("side", "rolls"));
        await clusters.ApplicationAsync("c1-rolls-dts");
        await clusters.ReportAsync("c1-rolls-dts");
        await SlotAsync("side-1", First);
        await SlotAsync("side-2", First);
        var set = await clusters.Management.HasAsync(Provisioning, "DPUSet", "side", "rolls-dpuset1");
        Assert.Null(set["spec"]!["dpuTemplate"]!["spec"]!["cluster"]!["nodeLabels"]![Key]);

        // The new one is there beside the old one; no node changes before Argo CD says that its chart is all right.
        var second = await ChangeAsync("side", "2.0.0", besides: ["rolls-dts"]);
        var slot = second["rolls-dts-".Length..];
        await clusters.ApplicationAsync($"c1-{second}");
        await ProgressAsync("waits for its DPUService to be ready");
        Assert.Equal(First, await SlotAsync("side-1", First));
        await clusters.ReportAsync($"c1-{second}");
        await SlotAsync("side-1", slot);
        await ProgressAsync("runs on 0 of 2 DPUs; waits for node side-1");
        Assert.Equal(First, await SlotAsync("side-2", First));
        var settings = (await clusters.Management.HasAsync(Version, "DPUService", "side", second))["spec"]!["serviceDaemonSet"]!;
        Assert.Equal(slot, (string?)settings["nodeSelector"]!["nodeSelectorTerms"]![0]!["matchExpressions"]!.AsArray().Single(e => (string?)e!["key"] == Key)!["values"]![0]);
        await clusters.Management.HasAsync(Version, "DPUServiceInterface", "side", $"rolls-dts-eth-0-{slot}");

        await PodAsync("side", "side-1", slot);
        await SlotAsync("side-2", slot);
        Assert.NotNull(await clusters.Management.GetAsync<DpuService>("side", "rolls-dts", Cancellation));
        await PodAsync("side", "side-2", slot);
        await clusters.FinishAsync("c1-rolls-dts");
        await clusters.Management.LosesAsync(Version, "DPUService", "side", "rolls-dts");
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "side", "rolls-dts-eth-0");
        await clusters.Management.ConditionAsync("DPUDeployment", "side", "rolls", "DPUServicesReady");

        // A revision whose pods never come loses the node again.
        var third = await ChangeAsync("side", "3.0.0", besides: [second]);
        await clusters.ApplicationAsync($"c1-{third}");
        await clusters.ReportAsync($"c1-{third}");
        await SlotAsync("side-1", third["rolls-dts-".Length..]);
        await clusters.Management.PatchAsync<DpuServiceConfiguration>(
            "side", "dts", JsonNode.Parse("""{"spec":{"upgradePolicy":{"progressDeadlineSeconds":1}}}""")!, Cancellation);
        await clusters.Management.ConditionAsync("DPUDeployment", "side", "rolls", "DPUServicesReady", "False", "did not become ready on node side-1");
        await SlotAsync("side-1", slot);
        var given = await clusters.Management.HasAsync(Version, "DPUDeployment", "side", "rolls", d => (string?)Eventually.Condition(d, "Ready")?["reason"] == "Failure");
        Assert.Equal("Failure", (string?)Eventually.Condition(given, "DPUServicesReady")!["reason"]);
        Assert.NotNull(await clusters.Management.GetAsync<DpuService>("side", second, Cancellation));

        // Undone, it is gone, and nothing else has happened.
        await clusters.Management.ApplyYamlAsync(Whole.Template("side", "2.0.0"));
        await clusters.FinishAsync($"c1-{third}");
        await clusters.Management.LosesAsync(Version, "DPUService", "side", third);
        await clusters.Management.ConditionAsync("DPUDeployment", "side", "rolls", "DPUServicesReady");
        Assert.Equal(slot, await SlotAsync("side-2", slot));

        Task ProgressAsync(string text) =>
            clusters.Management.ConditionAsync("DPUDeployment", "side", "rolls", "DPUServicesReady", "False", text);
    }

    [Fact]
    public async Task Nodes_keep_their_label_while_it_passes_from_the_DPUs_to_the_deployment()
    {
        await NodeAsync("handover_hands", "handover-1");
        await LabelAsDpuAsync(new JsonObject { [Key] = First });
        await clusters.Management.ApplyYamlAsync(
            Whole.Namespace("handover") + Whole.Parts("handover", "upgradePolicy: {}") + Whole.Deployment("handover", "hands"));
        await LabelsAsync(labels => (string?)labels?[Key] == First);
        await clusters.Management.ApplyYamlAsync(Whole.Configuration("handover", "upgradePolicy: {applyNodeEffect: true}"));
        await LabelsAsync(labels => labels is not null && labels[Key] is null);
        var node = await clusters.Dpu.HasAsync("v1", "Node", null, "handover-1");
        Assert.Equal(2, node["metadata"]!["managedFields"]!.AsArray().Count(f => f!["fieldsV1"]!["f:metadata"]?["f:labels"]?["f:" + Key] is not null));

        // The DPU's own controller lets go of it: the label stays.
        await LabelAsDpuAsync([]);
        Assert.Equal(First, await SlotAsync("handover-1", First));

        Task LabelAsDpuAsync(JsonObject labels) => clusters.Dpu.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Node", ["metadata"] = new JsonObject { ["name"] = "handover-1", ["labels"] = labels },
            },
            "dpf-provisioning-dpu", Cancellation);

        Task LabelsAsync(Func<JsonNode?, bool> areAsExpected) => clusters.Management.HasAsync(
            Provisioning, "DPUSet", "handover", "hands-dpuset1", s => areAsExpected(s["spec"]!["dpuTemplate"]!["spec"]!["cluster"]!["nodeLabels"]));
    }

    [Fact]
    public async Task Only_what_changed_changes()
    {
        await clusters.Management.ApplyYamlAsync(Whole.Namespace("only") + Whole.Parts("only") + Whole.Deployment("only", "few"));
        await clusters.Management.ConditionAsync("DPUDeployment", "only", "few", "DPUSetsReconciled");
        var before = await GenerationsAsync();
        await clusters.Management.ApplyYamlAsync(Whole.Template("only", "2.0.0"));
        await clusters.Management.HasAsync(
            Version, "DPUService", "only", "few-dts", s => (string?)s["spec"]!["helmChart"]!["source"]!["version"] == "2.0.0");
        await clusters.Management.HasAsync(
            Version, "DPUDeployment", "only", "few", d => (long)d["status"]!["observedGeneration"]! == (long)d["metadata"]!["generation"]!);
        Assert.Equal(before, await GenerationsAsync());

        async Task<(long, long, long)> GenerationsAsync() => (
            await OfAsync(Provisioning, "DPUSet", "few-dpuset1"), await OfAsync(Version, "DPUServiceChain", "few"),
            await OfAsync(Version, "DPUServiceInterface", "few-dts-eth-0"));

        async Task<long> OfAsync(string version, string kind, string name) =>
            (long)(await clusters.Management.HasAsync(version, kind, "only", name))["metadata"]!["generation"]!;
    }

    /// <summary>Gives the template another version; the name of the DPUService that comes of it.</summary>
    private async Task<string> ChangeAsync(string ns, string version, string[] besides)
    {
        await clusters.Management.ApplyYamlAsync(Whole.Template(ns, version));
        var all = await Eventually.SeeAsync(
            () => clusters.Management.ListAsync<DpuService>(ns, Cancellation), s => s.Any(d => !besides.Contains(d.Metadata.Name)));
        Assert.All(besides, b => Assert.Contains(all, d => d.Metadata.Name == b));
        return all.Single(d => !besides.Contains(d.Metadata.Name)).Metadata.Name;
    }

    private async Task NodeAsync(string owner, string name)
    {
        await clusters.Dpu.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Node
            metadata: {name: {{name}}, labels: {svc.dpu.nvidia.com/owned-by-dpudeployment: {{owner}}} }
            """);
        await clusters.Dpu.PatchStatusAsync<V1Node>(
            null, name, JsonNode.Parse("""{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""")!, Cancellation);
    }

    /// <summary>What a DaemonSet's pod on a node looks like once it works.</summary>
    private async Task PodAsync(string ns, string node, string slot)
    {
        await clusters.Dpu.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{ns}} }
            ---
            apiVersion: v1
            kind: Pod
            metadata:
              name: {{node}}-{{slot}}
              namespace: {{ns}}
              labels: {svc.dpu.nvidia.com/service: dpudeployment_rolls_dts, svc.dpu.nvidia.com/dpuservice-revision: "{{slot}}"}
            spec: {nodeName: {{node}}, containers: [{name: c, image: i}]}
            """);
        await clusters.Dpu.PatchStatusAsync<V1Pod>(
            ns, $"{node}-{slot}", JsonNode.Parse("""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""")!, Cancellation);
    }

    private async Task<string?> SlotAsync(string node, string slot) => (string?)(await clusters.Dpu.HasAsync(
        "v1", "Node", null, node, n => (string?)n["metadata"]!["labels"]![Key] == slot))["metadata"]!["labels"]![Key];
}
