using Dpf.Api.Services;
using Dpf.Services.Mirroring;

namespace Dpf.Services.Chains;

/// <summary>A DPUServiceChain becomes a ServiceChainSet of the same name in every DPU cluster.</summary>
internal static class ChainMirror
{
    /// <summary>How.</summary>
    public static MirrorKind<DpuServiceChain> Kind { get; } = new()
    {
        Finalizer = "svc.dpu.nvidia.com/dpuservicechain",
        FieldManager = "dpuservicechaincontroller",
        Reconciled = "ServiceChainSetReconciled",
        Ready = "ServiceChainSetReady",
        Children = [ChildKind<ServiceChainSet>.SameName with { NodesFinalizer = "dpu.nvidia.com/servicechainset" }],
        Plan = value => [SetChild.Of<ServiceChainSet>(value, value.Spec.Template.Metadata, value.Spec.Template.Spec)],
        Selector = value => value.Spec.ClusterSelector,
        Status = value => value.Status,
        Problem = (_, child) => SetChild.Problem(child, ((ServiceChainSet)child).Status),
    };
}
