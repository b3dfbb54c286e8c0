using System.Text.Json.Nodes;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Chaining.Tests.Sets;

/// <summary>Sets and their children from beginning to end, with every reason that their conditions know, and what is wrong with them in the original.</summary>
public sealed class SetLifeTests(SetsWorld world) : IClassFixture<SetsWorld>
{
    private const string Ns = SetsWorld.Namespace;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ServiceInterfaceSet", "ServiceInterface", "ServiceInterfaces", "{interfaceType: physical, physical: {interfaceName: pNEW} }")]
    [InlineData("ServiceChainSet", "ServiceChain", "ServiceChains", "{switches: [{ports: [{serviceInterface: {matchLabels: {uplink: pNEW} } }]}]}")]
    public async Task A_set_lives_M1_is_ready_by_its_children_M2_which_their_agents_report_on(string kind, string child, string conditions, string spec)
    {
        var test = kind.ToLowerInvariant();
        var (first, second) = ($"{test}-1", $"{test}-2");
        await world.AddNodeAsync(first, test);
        await ApplyAsync("1");
        await SaysAsync("Ready", "False", "Pending");
        await SaysAsync(conditions + "Reconciled", "True", "Success");
        await SaysAsync(conditions + "Ready", "False", "Pending", $"{first}: its agent has not reported yet");
        await world.ReportAsync(child, $"{test}-{first}", "port p1 is not there yet");
        await SaysAsync(conditions + "Ready", "False", "Pending", $"{first}: port p1 is not there yet");
        await world.ReportAsync(child, $"{test}-{first}");
        await CountsAsync(1, 1);
        await SaysAsync(conditions + "Ready", "True", "Success");
        await SaysAsync("Ready", "True", "Success");

        // A change reaches the child, which is ready again once its agent says so of the change.
        await ApplyAsync("2");
        await world.Client.HasAsync(SetsWorld.Version, child, Ns, $"{test}-{first}", c => (long)c["metadata"]!["generation"]! == 2);
        await SaysAsync("Ready", "False", "Pending");
        await world.ReportAsync(child, $"{test}-{first}");
        await SaysAsync("Ready", "True", "Success");

        // Another DPU joins, a child is deleted by hand, a DPU leaves.
        await world.AddNodeAsync(second, test);
        await world.ReportAsync(child, $"{test}-{second}");
        await CountsAsync(2, 2);
        var uid = await UidAsync(second);
        await world.Client.DeleteAsync(SetsWorld.Version, child, Ns, $"{test}-{second}", Cancellation);
        await world.Client.HasAsync(SetsWorld.Version, child, Ns, $"{test}-{second}", c => (string?)c["metadata"]!["uid"] != uid);
        await world.Client.DeleteAsync<V1Node>(null, second, Cancellation);
        await world.Client.LosesAsync(SetsWorld.Version, child, Ns, $"{test}-{second}");
        await CountsAsync(1, 1);

        // A node whose name is too long for a child's is an error, and the others have their children all the same.
        var endless = $"{test}-{new string('n', 225)}";
        await world.AddNodeAsync(endless, test);
        await SaysAsync(conditions + "Reconciled", "False", "Error", endless);
        await SaysAsync("Ready", "False", "Pending");
        await world.Client.DeleteAsync<V1Node>(null, endless, Cancellation);
        await SaysAsync("Ready", "True", "Success");

        // It goes after its children, one of which somebody holds.
        await world.PatchAsync(child, $"{test}-{first}", new JsonObject { ["finalizers"] = new JsonArray("example.org/held") });
        await world.Client.DeleteAsync(SetsWorld.Version, kind, Ns, test, Cancellation);
        await SaysAsync(conditions + "Reconciled", "False", "AwaitingDeletion", $"waiting for the end of {test}-{first}");
        await SaysAsync("Ready", "False", "AwaitingDeletion");
        await world.PatchAsync(child, $"{test}-{first}", new JsonObject { ["finalizers"] = null });
        await world.Client.LosesAsync(SetsWorld.Version, kind, Ns, test);
        Assert.Null(await world.Client.GetAsync(SetsWorld.Version, child, Ns, $"{test}-{first}", Cancellation));

        Task ApplyAsync(string value) => world.ApplyAsync(
            $"apiVersion: {SetsWorld.Version}\nkind: {kind}\nmetadata: {{name: {test}, namespace: {Ns}}}\n" +
            $"spec: {{nodeSelector: {{matchLabels: {{test: {test}}} }}, template: {{spec: {spec.Replace("NEW", value, StringComparison.Ordinal)} }} }}");

        Task SaysAsync(string type, string status, string reason, string message = "") => world.SaysAsync(kind, test, type, status, reason, message);

        Task CountsAsync(int applied, int ready) => world.Client.HasAsync(SetsWorld.Version, kind, Ns, test, s =>
            ((int?)s["status"]?["numberApplied"], (int?)s["status"]?["numberReady"]) == (applied, ready));

        async Task<string?> UidAsync(string node) =>
            (string?)(await world.Client.GetAsync(SetsWorld.Version, child, Ns, $"{test}-{node}", Cancellation))!["metadata"]!["uid"];
    }

    [Fact]
    public async Task M3_a_child_has_the_annotations_of_the_template_and_M4_no_label_of_it_hides_the_child_from_its_set()
    {
        await world.AddNodeAsync("m4-1", "m4");
        await world.ApplyAsync(Interfaces(
            "m4", "nodeSelector: {matchLabels: {test: m4} }",
            "{annotations: {mine: stays}, labels: {port: a, svc.dpu.nvidia.com/serviceinterfaceset-name: other, svc.dpu.nvidia.com/nodeName: other} }"));
        var child = (await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, "m4-m4-1"))["metadata"]!;
        Assert.Equal("stays", (string?)child["annotations"]!["mine"]);
        Assert.Equal(("a", "m4", "m4-1"), (Label("port"), Label("svc.dpu.nvidia.com/serviceinterfaceset-name"), Label("svc.dpu.nvidia.com/nodeName")));
        await world.Client.DeleteAsync<V1Node>(null, "m4-1", Cancellation);
        await world.Client.LosesAsync(SetsWorld.Version, "ServiceInterface", Ns, "m4-m4-1");

        string? Label(string name) => (string?)child["labels"]![name];
    }

    [Fact]
    public async Task M5_a_child_without_a_node_is_taken_away()
    {
        await world.AddNodeAsync("m5-1", "m5");
        await world.ApplyAsync(Interfaces("m5", "nodeSelector: {matchLabels: {test: m5} }"));
        await world.ApplyAsync($$"""
            apiVersion: {{SetsWorld.Version}}
            kind: ServiceInterface
            metadata:
              name: nowhere
              namespace: {{Ns}}
              labels: {svc.dpu.nvidia.com/serviceinterfaceset-name: m5, svc.dpu.nvidia.com/serviceinterfaceset-namespace: {{Ns}} }
            spec: {interfaceType: ovn}
            """);
        await world.Client.LosesAsync(SetsWorld.Version, "ServiceInterface", Ns, "nowhere");
        await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, "m5-m5-1");
    }

    [Fact]
    public async Task M6_what_a_former_agent_held_goes_with_its_DPU_and_M7_children_that_are_gone_already_hold_up_nothing()
    {
        await world.AddNodeAsync("m6-1", "m6");
        await world.AddNodeAsync("m6-2", "m6");
        await world.ApplyAsync(Interfaces("m6", "nodeSelector: {matchLabels: {test: m6} }"));
        foreach (var node in (string[])["m6-1", "m6-2"])
        {
            await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, $"m6-{node}");
            await world.PatchAsync("ServiceInterface", $"m6-{node}", new JsonObject { ["finalizers"] = new JsonArray("svc.dpu.nvidia.com/ServiceInterface-finalizer") });
        }

        await world.Client.DeleteAsync<V1Node>(null, "m6-1", Cancellation);
        await world.Client.LosesAsync(SetsWorld.Version, "ServiceInterface", Ns, "m6-m6-1");
        await world.Client.DeleteAsync(SetsWorld.Version, "ServiceInterfaceSet", Ns, "m6", Cancellation);
        await world.Client.LosesAsync(SetsWorld.Version, "ServiceInterfaceSet", Ns, "m6");
        Assert.Null(await world.Client.GetAsync(SetsWorld.Version, "ServiceInterface", Ns, "m6-m6-2", Cancellation));
    }

    [Fact]
    public async Task M15_a_set_for_all_leaves_the_control_plane_out_and_is_not_ready_where_nobody_hears_of_the_node()
    {
        const string closed = "taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]";
        await world.AddNodeAsync("m15-control-plane", "m15", closed);
        await world.AddNodeAsync("m15-cordoned", "m15", "unschedulable: true");
        await world.ApplyAsync(Interfaces("m15", ""));
        await world.ApplyAsync(Interfaces("m15-named", "nodeSelector: {matchLabels: {test: m15} }"));
        await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, "m15-m15-cordoned");
        await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, "m15-named-m15-control-plane");
        Assert.Null(await world.Client.GetAsync(SetsWorld.Version, "ServiceInterface", Ns, "m15-m15-control-plane", Cancellation));

        await world.ReportAsync("ServiceInterface", "m15-named-m15-cordoned");
        await world.ReportAsync("ServiceInterface", "m15-named-m15-control-plane");
        await world.SaysAsync("ServiceInterfaceSet", "m15-named", "Ready", "True", "Success");
        await world.HearAsync("m15-cordoned", false);
        await world.SaysAsync("ServiceInterfaceSet", "m15-named", "ServiceInterfacesReady", "False", "Pending", "m15-cordoned: the node is not ready");
        await world.Client.HasAsync(SetsWorld.Version, "ServiceInterface", Ns, "m15-named-m15-cordoned");
    }

    private static string Interfaces(string name, string selector, string metadata = "{}") => $$"""
        apiVersion: {{SetsWorld.Version}}
        kind: ServiceInterfaceSet
        metadata: {name: {{name}}, namespace: {{Ns}} }
        spec:
          template: {metadata: {{metadata}}, spec: {interfaceType: ovn} }
          {{selector}}
        """;
}
