using Dpf.Provisioning.Admission;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dms;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.DpuSets;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;

namespace Dpf.Provisioning;

/// <summary><c>provisioning-controller</c>: boot images, DPUSets, DPUs and the health of DPU clusters.</summary>
public sealed class ProvisioningComponent : IComponent
{
    private const string LeaseName = "19f9f38b.nvidia.com";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var options = ProvisioningOptions.Of(context);
        using var client = context.InCluster();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var parts = new List<Task>
        {
            LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, options, leading), stop.Token),
        };
        if (ProvisioningWebhooks.HasCertificate(context))
        {
            parts.Add(new ProvisioningWebhooks(client).RunAsync(context, stop.Token));
        }

        await TogetherAsync(parts, stop);
    }

    private static async Task WorkAsync(ComponentContext context, KubeClient client, ProvisioningOptions options, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await using var clusters = new ClusterClients(client, context.Network, context.Time, context.Loggers);
        await using var tasks = new LongTasks(context.Time, context.Loggers.CreateLogger("dpu"));
        await using var downloads = new Downloads(new HttpDownload(context, options.BfbFolder), context.Time, context.Loggers.CreateLogger("bfb"));
        var tools = new DpuTools
        {
            Cache = cache,
            Options = options,
            Clusters = new DpuClusterAccess(cache, clusters, context.Time),
            Allocator = new ClusterAllocator(cache),
            Dms = new DmsDialer(client, context.Network, context.Time),
            Tasks = tasks,
            Events = Events("dpu"),
            Time = context.Time,
            Logger = context.Loggers.CreateLogger("dpu"),
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await TogetherAsync(
        [
            BfbReconciler.Build(cache, downloads, options.BfbFolder, Events("bfb"), context.Loggers, context.Time).RunAsync(stop.Token),
            DpuSetReconciler.Build(cache, Events("dpuset"), context.Loggers, context.Time).RunAsync(stop.Token),
            DpuWatches.Build(tools, context.Loggers).RunAsync(stop.Token),
            DpuClusterReconciler.Build(cache, clusters, context.Loggers, context.Time).RunAsync(stop.Token),
        ],
        stop);

        EventRecorder Events(string name) => new(client, name, context.Time, context.Loggers.CreateLogger(name));
    }

    /// <summary>Waits for parts that never end; one that fails takes the others with it, to start anew together.</summary>
    private static async Task TogetherAsync(IReadOnlyList<Task> parts, CancellationTokenSource stop)
    {
        var first = await Task.WhenAny(parts);
        await stop.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }
}
