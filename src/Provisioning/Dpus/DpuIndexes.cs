using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;

namespace Dpf.Provisioning.Dpus;

/// <summary>Finds DPUs without looking at all of them: a change of one host must not cost a look at every other.</summary>
internal static class DpuIndexes
{
    /// <summary>The DPUs of a host.</summary>
    public static IEnumerable<Dpu> OnHost(this Informer<Dpu> dpus, string host) =>
        dpus.Indexed("host", static d => [d.Spec.NodeName ?? ""], host).Values;

    /// <summary>The DPUs of a name, whatever their namespaces.</summary>
    public static IEnumerable<Dpu> Named(this Informer<Dpu> dpus, string name) =>
        dpus.Indexed("name", static d => [d.Metadata.Name], name).Values;

    /// <summary>How many DPUs have a place in a cluster.</summary>
    public static int CountIn(this Informer<Dpu> dpus, NamespacedName cluster) => dpus.Indexed(
        "cluster", static d => !d.IsDeleting() && ClusterAllocation.Of(d) is { } own ? [own.ToString()] : [], cluster.ToString()).Count;
}
