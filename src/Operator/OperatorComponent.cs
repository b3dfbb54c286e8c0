using Dpf.Api.Operator;
using Dpf.Operator.Inventory;
using Dpf.Operator.Reconciling;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Operator;

/// <summary><c>operator</c>: deploys the system that the one DPFOperatorConfig describes.</summary>
public sealed class OperatorComponent : IComponent
{
    private const string LeaseName = "8a3114c5.dpu.nvidia.com";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var singleton = new NamespacedName(
            context.Option("config-namespace", DpfOperatorConfigs.Namespace), context.Option("config-name", DpfOperatorConfigs.Name)!);
        using var client = context.InCluster();
        await LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, singleton, leading), cancellation);
    }

    private static async Task WorkAsync(ComponentContext context, KubeClient client, NamespacedName singleton, CancellationToken cancellation)
    {
        var ours = new InformerScope { Namespace = singleton.Namespace, LabelSelector = ApplySetLabels.Component };
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var reconciler = new OperatorConfigReconciler(
            client, singleton, Release(context), context.Time, context.Loggers.CreateLogger("operator"));
        await Controller.For<DpfOperatorConfig>(cache, "dpfoperatorconfig")
            .WatchesForAll<V1Deployment>(ours)
            .WatchesForAll<V1DaemonSet>(ours)
            .WatchesForAll<Dpf.Api.Services.DpuService>(ours)
            .WatchesForAll<V1Secret>(ours)
            .Workers(1)
            .ResyncEvery(TimeSpan.FromMinutes(1))
            .Build(reconciler, context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    /// <summary>The release's images and chart, unless the operator's own Deployment says otherwise.</summary>
    private static ReleaseDefaults Release(ComponentContext context)
    {
        var release = new ReleaseDefaults();
        return release with
        {
            DpfSystemImage = context.Option("dpf-system-image", release.DpfSystemImage)!,
            HostDriverImage = context.Option("hostdriver-image", release.HostDriverImage)!,
            DpuNetworkingHelmChart = context.Option("dpu-networking-chart", release.DpuNetworkingHelmChart)!,
            CloudInitTimeout = context.Option("cloud-init-timeout"),
        };
    }
}
