using Dpf.Provisioning.Admission;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dms;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Dpus.Effects;
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
        await Together.RunAsync(
            stop =>
            [
                LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, options, leading), stop),
                .. ProvisioningWebhooks.HasCertificate(context) ? (Task[])[new ProvisioningWebhooks(client).RunAsync(context, stop)] : [],
            ],
            cancellation);
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
        await Together.RunAsync(
            stop =>
            [
                BfbReconciler.Build(cache, downloads, options.BfbFolder, Events("bfb"), context.Loggers, context.Time).RunAsync(stop),
                DpuSetReconciler.Build(cache, Events("dpuset"), context.Loggers, context.Time).RunAsync(stop),
                DpuWatches.Build(tools, context.Loggers).RunAsync(stop),
                LeftMaintenances.Build(cache, context.Loggers, context.Time).RunAsync(stop),
                DpuClusterReconciler.Build(cache, clusters, context.Loggers, context.Time).RunAsync(stop),
            ],
            cancellation);

        EventRecorder Events(string name) => new(client, name, context.Time, context.Loggers.CreateLogger(name));
    }
}
