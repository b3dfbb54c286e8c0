using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;

namespace Dpf.Provisioning.DpuClusters;

/// <summary>What those who look after a DPUCluster agree on: all part of the system's contract.</summary>
public static class ClusterContract
{
    /// <summary>Finalizer of the provisioning controller: DPUs are still in the cluster.</summary>
    public const string InternalFinalizer = "provisioning.dpu.nvidia.com/cluster-manager-internal-clean-up";

    /// <summary>Finalizer of the cluster's manager: its control plane is still there.</summary>
    public const string ManagerFinalizer = "provisioning.dpu.nvidia.com/cluster-manager-clean-up";

    /// <summary>Condition: the control plane has been made, and <c>spec.kubeconfig</c> names its Secret. Set by the manager.</summary>
    public const string Created = "Created";

    /// <summary>Condition: the control plane answers. Set by the provisioning controller.</summary>
    public const string Ready = ConditionExtensions.Ready;

    /// <summary>Condition: keepalived holds the cluster's virtual address. Set by the Kamaji manager.</summary>
    public const string KeepalivedReady = "KeepalivedReady";

    /// <summary>Phase: nobody has looked yet.</summary>
    public const string Pending = "Pending";

    /// <summary>Phase: its manager makes the control plane.</summary>
    public const string Creating = "Creating";

    /// <summary>Phase: DPUs can join.</summary>
    public const string ReadyPhase = "Ready";

    /// <summary>Phase: the control plane was there, and does not answer.</summary>
    public const string NotReady = "NotReady";

    /// <summary>Its phase; Pending when it has none yet.</summary>
    public static string Phase(this DpuCluster cluster) => cluster.Status?.Phase is { Length: > 0 } phase ? phase : Pending;

    /// <summary>Whether its manager has something to do: not before the provisioning controller has taken note of it.</summary>
    public static bool IsUnderWay(this DpuCluster cluster) => cluster.Phase() is Creating or ReadyPhase or NotReady;
}
