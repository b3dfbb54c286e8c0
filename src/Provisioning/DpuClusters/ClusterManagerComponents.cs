using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters.Kamaji;
using Dpf.Provisioning.DpuClusters.VirtualAddresses;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters;

/// <summary><c>static-cluster-manager</c>: looks after DPUClusters of type <c>static</c>.</summary>
public sealed class StaticClusterManagerComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await LeaderElection.RunAsync(context, client, "507jei28.dpu.nvidia.com", stop => WorkAsync(context, client, stop), cancellation);
    }

    private static async Task WorkAsync(ComponentContext context, KubeClient client, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Controller.For<DpuCluster>(cache, context.Name)
            .ResyncEvery(TimeSpan.FromMinutes(10))
            .Build(Reconciler(context, cache, new StaticClusterManager(client)), context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    /// <summary>The reconciler of a manager.</summary>
    internal static ClusterManagerReconciler Reconciler(ComponentContext context, Cache cache, IClusterManager manager) => new(
        cache, manager, new EventRecorder(cache.Client, context.Name, context.Time, context.Loggers.CreateLogger(context.Name)), context.Time);
}

/// <summary><c>kamaji-cluster-manager</c>: looks after DPUClusters of type <c>kamaji</c>.</summary>
public sealed class KamajiClusterManagerComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await LeaderElection.RunAsync(context, client, "204fbe18.dpu.nvidia.com", stop => WorkAsync(context, client, stop), cancellation);
    }

    private static async Task WorkAsync(ComponentContext context, KubeClient client, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var manager = new KamajiClusterManager(cache, KeepalivedImage.Of(context));
        await Controller.For<DpuCluster>(cache, context.Name)
            .Owns<TenantControlPlane>()
            .Owns<V1Service>(KamajiObjects.Scope)
            .Owns<V1ConfigMap>(KamajiObjects.Scope)
            .Owns<V1DaemonSet>(KamajiObjects.Scope)
            .ResyncEvery(TimeSpan.FromMinutes(1))
            .Build(StaticClusterManagerComponent.Reconciler(context, cache, manager), context.Loggers, context.Time)
            .RunAsync(cancellation);
    }
}
