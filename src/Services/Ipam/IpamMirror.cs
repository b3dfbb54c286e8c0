using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Mirroring;
using k8s;
using k8s.Models;

namespace Dpf.Services.Ipam;

/// <summary>A DPUServiceIPAM becomes a pool of NVIPAM in every DPU cluster.</summary>
internal static class IpamMirror
{
    /// <summary>The children that are pools of blocks.</summary>
    public static ChildKind<IpPool> Blocks { get; } = new(Owns, ParentOf, Selector);

    /// <summary>The children that are pools of networks.</summary>
    public static ChildKind<CidrPool> Networks { get; } = new(Owns, ParentOf, Selector);

    /// <summary>How.</summary>
    public static MirrorKind<DpuServiceIpam> Kind { get; } = new()
    {
        Finalizer = "svc.dpu.nvidia.com/dpuserviceipam",
        FieldManager = "dpuserviceipamcontroller",
        Reconciled = "DPUIPAMObjectReconciled",
        Ready = "DPUIPAMObjectReady",
        Children = [Blocks, Networks],
        Plan = PoolPlan.Of,
        Selector = value => value.Spec.ClusterSelector,
        Status = value => value.Status,
        Problem = (remote, child) => PoolReadiness.Problem(
            child is IpPool ip ? ip.Spec : ((CidrPool)child).Spec,
            child is IpPool block ? block.Status : ((CidrPool)child).Status,
            remote.Cache.Informer<V1Node>().All),
    };

    private static bool Owns(IKubernetesObject<V1ObjectMeta> pool, NamespacedName parent) => ParentOf(pool) == parent;

    private static NamespacedName? ParentOf(IKubernetesObject<V1ObjectMeta> pool) =>
        pool.Metadata.Labels is { } labels && labels.TryGetValue(PoolPlan.NameLabel, out var name) &&
        labels.TryGetValue(PoolPlan.NamespaceLabel, out var ns) && ns == pool.Metadata.NamespaceProperty
            ? new NamespacedName(ns, name)
            : null;

    private static string Selector(NamespacedName parent) =>
        $"{PoolPlan.NameLabel}={parent.Name},{PoolPlan.NamespaceLabel}={parent.Namespace}";
}
