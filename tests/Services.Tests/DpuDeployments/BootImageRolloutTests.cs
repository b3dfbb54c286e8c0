using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuSets;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Services.Tests.DpuDeployments;

/// <summary>A changed boot image of a DPUDeployment, with the DPUSet's own controller and DPUs that become what they should at once.</summary>
public sealed class BootImageRolloutTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const int Count = 10;
    private const string Ns = "fleet";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_image_reaches_ten_DPUs_one_at_a_time_and_none_before_it_is_there()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using var cache = new Cache(clusters.Management, TimeProvider.System, NullLoggerFactory.Instance);
        var events = new EventRecorder(clusters.Management, "dpuset", TimeProvider.System, NullLogger.Instance);
        var running = DpuSetReconciler.Build(cache, events, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token);
        try
        {
            await RollAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task RollAsync()
    {
        for (var i = 0; i < Count; i++)
        {
            await clusters.Management.ApplyYamlAsync($$"""
                apiVersion: v1
                kind: Node
                metadata: {name: host{{i}}, labels: {deployment: {{Ns}}, feature.node.kubernetes.io/dpu-0-pci-address: "0000-04-00"} }
                """);
        }

        await clusters.Management.ApplyYamlAsync(Whole.Namespace(Ns) + Whole.Parts(Ns) + Whole.Deployment(Ns, "fleet"));
        await ImageAsync("bf-bundle", "Ready");
        await UntilAllHaveAsync("bf-bundle", atOnce: Count);
        await clusters.Management.ConditionAsync("DPUDeployment", Ns, "fleet", "DPUSetsReady");

        // The image is still on its way: no DPU is taken down for it.
        await clusters.Management.ApplyYamlAsync(Whole.Bfb(Ns, "newer"));
        await ImageAsync("newer", "Downloading");
        await clusters.Management.ApplyYamlAsync(Whole.Deployment(Ns, "fleet", bfb: "newer"));
        await clusters.Management.ConditionAsync(
            "DPUDeployment", Ns, "fleet", "DPUSetsReady", "False", "keeps BFB bf-bundle until BFB newer is Ready, which is Downloading");
        Assert.Equal(Count, (await DpusAsync()).Count(d => d.Spec.Bfb == "bf-bundle" && IsReady(d)));

        await ImageAsync("newer", "Ready");
        await UntilAllHaveAsync("newer", atOnce: 1);
        await clusters.Management.ConditionAsync("DPUDeployment", Ns, "fleet", "DPUSetsReady");

        // Undone, it goes back the same way.
        await clusters.Management.ApplyYamlAsync(Whole.Deployment(Ns, "fleet"));
        await UntilAllHaveAsync("bf-bundle", atOnce: 1);
    }

    /// <summary>Makes DPUs ready, one look at a time, until all have an image; never are more than some not.</summary>
    private async Task UntilAllHaveAsync(string bfb, int atOnce)
    {
        await Eventually.SeeAsync(
            async () =>
            {
                var dpus = await DpusAsync();
                Assert.InRange(dpus.Count(IsReady), Count - atOnce, Count);
                foreach (var dpu in dpus.Where(d => !IsReady(d) && d.Metadata.DeletionTimestamp is null))
                {
                    await clusters.Management.PatchStatusAsync<Dpu>(Ns, dpu.Metadata.Name, Ready(), Cancellation);
                }

                // The DPUs' own controller has nothing to take back.
                foreach (var dpu in dpus.Where(d => d.Metadata.DeletionTimestamp is not null))
                {
                    await clusters.Management.PatchAsync<Dpu>(Ns, dpu.Metadata.Name, JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Cancellation);
                }

                return dpus;
            },
            dpus => dpus.Count == Count && dpus.All(d => d.Spec.Bfb == bfb && IsReady(d)));
    }

    private Task<IReadOnlyList<Dpu>> DpusAsync() => clusters.Management.ListAsync<Dpu>(Ns, Cancellation);

    private Task ImageAsync(string name, string phase) => clusters.Management.PatchStatusAsync<Bfb>(
        Ns, name, new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } }, Cancellation);

    private static bool IsReady(Dpu dpu) => dpu.Metadata.DeletionTimestamp is null && dpu.Status?.Conditions.IsTrue(ConditionExtensions.Ready) == true;

    private static JsonNode Ready() => JsonNode.Parse("""
        {"status":{"phase":"Ready","conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}
        """)!;
}
