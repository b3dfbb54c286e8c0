using System.Collections.Concurrent;
using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Provisioning.Tests.DpuSets;

/// <summary>A new image for ten DPUs that work and were made by an earlier controller.</summary>
public sealed class RolloutTests
{
    private const int Count = 10;
    private const string Rolling = "strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: \"10%\"} }";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TenDpusAreMadeAnewOneByOneAndABadImageStopsAtTheFirst()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await AddDpusAsync(world);
        await world.AddSetAsync(more: Rolling);
        world.KeepJoining();
        world.StartController();
        await ConditionAsync(world, "Ready", "True");
        Assert.Empty(world.Dms.Calls);

        await using var cache = new Cache(world.Admin, TimeProvider.System, NullLoggerFactory.Instance);
        var worst = await WatchAsync(cache);

        // An image that cannot be had takes nothing down.
        world.Web.Refusals.Enqueue(404);
        await world.AddImageAndFlavorAsync("newer");
        await world.AddSetAsync(image: "newer", more: Rolling);
        var set = await ConditionAsync(world, "DPUsUpToDate", "False", "Error", "BFB dpf-operator-system/newer is not ready: HTTP404: ");
        Assert.Equal((Count, Count, 0), (set.Status!.Dpus, set.Status.ReadyDpus, set.Status.UpToDateDpus));
        Assert.Equal(0, worst());

        // Now it can.
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "newer", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "newer");
        await world.AddImageAndFlavorAsync("newer");
        set = await ConditionAsync(world, "Ready", "True");
        Assert.Equal((Count, Count), (set.Status!.ReadyDpus, set.Status.UpToDateDpus));
        Assert.Equal(1, worst());
        Assert.Equal(Count, world.Dms.CountOf("Activate dpf-operator-system-newer.bfb"));

        await world.AddImageAndFlavorAsync("broken");
        for (var i = 0; i < 3; i++)
        {
            world.Dms.Failures.Enqueue("the image has no root file system");
        }

        await world.AddSetAsync(image: "broken", more: Rolling);
        set = await ConditionAsync(world, "DPUsUpToDate", "False", "Failure");
        var message = set.Status!.Conditions.Find("DPUsUpToDate")!.Message;
        Assert.StartsWith("the roll-out has stopped: DPU worker0-0000-03-00 is in phase Error: InstallationFailed: DMS: the image has no root file system", message, StringComparison.Ordinal);
        Assert.Contains("correct spec.dpuTemplate (a new BFB or DPUFlavor, or the ones before)", message, StringComparison.Ordinal);
        Assert.Contains("9 of 10 DPUs are of an earlier template: worker1-0000-03-00, ", message, StringComparison.Ordinal);
        Assert.Equal((9, 1), (set.Status.ReadyDpus, set.Status.UpToDateDpus));
        Assert.All(["DPUsReady", "Ready"], type => Assert.Equal(("False", "Failure"), (set.Status.Conditions.Find(type)!.Status, set.Status.Conditions.Find(type)!.Reason)));
        Assert.Equal(1, worst());
        Assert.Contains(
            await world.Admin.ListAsync<Corev1Event>(ProvisioningWorld.Namespace, Cancellation), e => e.Reason == "RolloutStopped" && e.InvolvedObject.Name == "dpuset");

        // The image before heals it.
        await world.AddSetAsync(image: "newer", more: Rolling);
        await ConditionAsync(world, "Ready", "True");
        Assert.Equal(1, worst());
        Assert.Equal(Count + 1, world.Dms.CountOf("Activate dpf-operator-system-newer.bfb"));
        Assert.Equal(3, world.Dms.CountOf("Activate dpf-operator-system-broken.bfb"));
    }

    private static async Task AddDpusAsync(ProvisioningWorld world)
    {
        await world.AddImageAndFlavorAsync();
        for (var i = 0; i < Count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"worker{i}");
            await world.AddHostAsync(name);
            await world.AddReadyDpuAsync(name);
        }
    }

    /// <summary>Follows every change of every DPU; the result tells how many did not work at once, at worst.</summary>
    private static async Task<Func<int>> WatchAsync(Cache cache)
    {
        var ready = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var worst = 0;
        var dpus = cache.Informer<Dpu>();
        await dpus.Synced.WaitAsync(Cancellation);
        foreach (var dpu in dpus.All)
        {
            ready[dpu.Metadata.Name] = Works(dpu);
        }

        dpus.Changed += change =>
        {
            ready[change.Value.Metadata.Name] = dpus.Get(change.Value.Metadata.NamespaceProperty, change.Value.Metadata.Name) is { } there && Works(there);
            worst = Math.Max(worst, Count - ready.Count(r => r.Value));
        };
        return () => worst;
    }

    private static bool Works(Dpu dpu) => dpu.Metadata.DeletionTimestamp is null && dpu.Status?.Conditions.IsTrue("Ready") == true;

    private static Task<DpuSet> ConditionAsync(ProvisioningWorld world, string type, string expected, string? reason = null, string begins = "") => world.Admin.HasAsync<DpuSet>(
        ProvisioningWorld.Namespace, "dpuset",
        s => s.Status is { } status && status.ObservedGeneration == s.Metadata.Generation && status.Conditions.Find(type) is { } c && c.Status == expected && (reason is null || c.Reason == reason) && c.Message.StartsWith(begins, StringComparison.Ordinal));
}
