using Dpf.Api.Services;
using Dpf.Services.Mirroring;

namespace Dpf.Services.Interfaces;

/// <summary>A DPUServiceInterface becomes a ServiceInterfaceSet of the same name in every DPU cluster.</summary>
internal static class InterfaceMirror
{
    /// <summary>On an interface: the DPUService that has claimed it.</summary>
    public const string ConsumedBy = "dpu.nvidia.com/consumed-by";

    /// <summary>How.</summary>
    public static MirrorKind<DpuServiceInterface> Kind { get; } = new()
    {
        Finalizer = "svc.dpu.nvidia.com/dpuserviceinterface",
        FieldManager = "dpuserviceinterfacecontroller",
        Reconciled = "ServiceInterfaceSetReconciled",
        Ready = "ServiceInterfaceSetReady",
        Children = [ChildKind<ServiceInterfaceSet>.SameName with { NodesFinalizer = "dpu.nvidia.com/serviceinterfaceset" }],
        Plan = value => [SetChild.Of<ServiceInterfaceSet>(value, value.Spec.Template.Metadata, value.Spec.Template.Spec)],
        Selector = value => value.Spec.ClusterSelector,
        Status = value => value.Status,
        Problem = (_, child) => SetChild.Problem(child, ((ServiceInterfaceSet)child).Status),
        InUse = value => value.Metadata.Annotations?.TryGetValue(ConsumedBy, out var user) == true ? $"DPUService {user}" : null,
    };
}
