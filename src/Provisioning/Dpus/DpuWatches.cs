using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus.Effects;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Dpus;

/// <summary>The DPU controller: what it watches instead of looking again and again.</summary>
internal static class DpuWatches
{
    /// <summary>Builds it.</summary>
    public static RunningController<Dpu> Build(DpuTools tools, ILoggerFactory loggers)
    {
        var dpus = tools.Cache.Informer<Dpu>();
        return Controller.For<Dpu>(tools.Cache, "dpu")
            .Owns<V1Pod>(PodKeeper.Scope)
            .Watches<Dpu>(d => Keys(dpus.OnHost(d.Spec.NodeName ?? "").Where(o => o.Metadata.Uid != d.Metadata.Uid)))
            .Watches<Bfb>(b => Where(d => d.Spec.Bfb == b.Metadata.Name && d.Metadata.NamespaceProperty == b.Metadata.NamespaceProperty))
            .Watches<DpuFlavor>(f => Where(d => d.Spec.DpuFlavor == f.Metadata.Name && d.Metadata.NamespaceProperty == f.Metadata.NamespaceProperty))
            .Watches<V1Node>(n => Keys(dpus.OnHost(n.Metadata.Name)))
            .Watches<NodeMaintenance>(m => Keys(dpus.OnHost(m.Spec.NodeName ?? m.Metadata.Name)))
            .Watches<DpuCluster>(c => Where(d =>
                ClusterAllocation.Of(d) is not { } assigned || assigned == new NamespacedName(c.Metadata.NamespaceProperty, c.Metadata.Name)))
            .WatchesForAll<DpfOperatorConfig>(c => PodKeeper.MtuOf(c))
            .Source(add => tools.Clusters.NodeChanged += add)
            .Source(add => tools.Tasks.Changed += add)
            .Workers(16)
            .ResyncEvery(TimeSpan.FromMinutes(10))
            .Build(new DpuReconciler(tools), loggers, tools.Time);

        IEnumerable<NamespacedName> Where(Func<Dpu, bool> concerns) => Keys(dpus.All.Where(concerns));

        static IEnumerable<NamespacedName> Keys(IEnumerable<Dpu> concerned) =>
            concerned.Select(d => new NamespacedName(d.Metadata.NamespaceProperty, d.Metadata.Name));
    }
}
