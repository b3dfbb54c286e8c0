namespace Dpf.Provisioning.Dpus;

/// <summary>The phases of a DPU, as its status says them.</summary>
public static class DpuPhases
{
    /// <summary>Waits for its host to be prepared and for a DPU cluster.</summary>
    public const string Initializing = "Initializing";

    /// <summary>Workloads are kept away from the host.</summary>
    public const string NodeEffect = "Node Effect";

    /// <summary>Waits for its boot image.</summary>
    public const string Pending = "Pending";

    /// <summary>DMS starts on the host.</summary>
    public const string DmsDeployment = "DMS Deployment";

    /// <summary>The system is installed.</summary>
    public const string OsInstalling = "OS Installing";

    /// <summary>The host restarts.</summary>
    public const string Rebooting = "Rebooting";

    /// <summary>The host makes virtual functions and connects the DPU.</summary>
    public const string HostNetworkConfiguration = "Host Network Configuration";

    /// <summary>The DPU joins its cluster.</summary>
    public const string ClusterConfig = "DPU Cluster Config";

    /// <summary>It is a node of its cluster.</summary>
    public const string Ready = "Ready";

    /// <summary>A step failed for good.</summary>
    public const string Error = "Error";

    /// <summary>It is being taken back.</summary>
    public const string Deleting = "Deleting";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Initializing, NodeEffect, Pending, DmsDeployment, OsInstalling, Rebooting, HostNetworkConfiguration, ClusterConfig, Ready, Error, Deleting,
    ];
}

/// <summary>The conditions of a DPU, one for each step of its life.</summary>
public static class DpuConditions
{
    /// <summary>The host is prepared, and a cluster has a place.</summary>
    public const string Initialized = "Initialized";

    /// <summary>The host is as the node effect wants it.</summary>
    public const string NodeEffectReady = "NodeEffectReady";

    /// <summary>The boot image is there.</summary>
    public const string BfbReady = "BFBReady";

    /// <summary>DMS answers.</summary>
    public const string DmsRunning = "DMSRunning";

    /// <summary>The system is installed.</summary>
    public const string OsInstalled = "OSInstalled";

    /// <summary>The host has restarted since.</summary>
    public const string Rebooted = "Rebooted";

    /// <summary>The host's side of the network is up.</summary>
    public const string HostNetworkReady = "HostNetworkReady";

    /// <summary>The DPU's node is ready.</summary>
    public const string Ready = "Ready";

    /// <summary>True when it does not go on by itself, or takes much longer than it should: somebody has to look.</summary>
    public const string Stalled = "Stalled";
}
