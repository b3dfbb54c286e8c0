namespace Dpf.Provisioning;

/// <summary>The labels, annotations and finalizers of provisioning: all part of its contract.</summary>
public static class ProvisioningLabels
{
    /// <summary>The API group.</summary>
    public const string ApiGroup = "provisioning.dpu.nvidia.com";

    private const string Group = ApiGroup + "/";

    /// <summary>Of a DPU: its DPUSet.</summary>
    public const string DpuSetName = Group + "dpuset-name";

    /// <summary>Of a DPU: the namespace of its DPUSet.</summary>
    public const string DpuSetNamespace = Group + "dpuset-namespace";

    /// <summary>Of a DPU: its PCI address on the host, e.g. <c>0000-03-00</c>.</summary>
    public const string PciAddress = Group + "dpu-pciAddress";

    /// <summary>Of a DPU: the name of its first PF on the host.</summary>
    public const string PfName = Group + "dpu-pf-name";

    /// <summary>Of a DPU: the host's address.</summary>
    public const string HostIp = Group + "dpu-host-ip";

    /// <summary>Of a DPU's node: the boot image.</summary>
    public const string BfbVersion = Group + "DOCA-BFB-version";

    /// <summary>Of a DPU's node: the host.</summary>
    public const string Host = Group + "host";

    /// <summary>Of a host: its management bridge is as DPUs need it.</summary>
    public const string OobBridgeConfigured = "feature.node.kubernetes.io/dpu-oob-bridge-configured";

    /// <summary>Annotation of a DPU: a new image needs the host's power to be cycled.</summary>
    public const string PowerCycleRequired = Group + "host-power-cycle-required";

    /// <summary>Annotation of a host: <c>cycle</c>, <c>reset</c> or <c>skip</c>.</summary>
    public const string PowerCycleCommand = Group + "powercycle-command";

    /// <summary>Annotation of a host: <c>reset</c>, <c>cycle</c> or <c>skip</c>.</summary>
    public const string RebootCommand = Group + "reboot-command";

    /// <summary>Annotation that a user puts on a BFB: the SHA-256 that its file has to have.</summary>
    public const string Sha256 = Group + "sha256";

    /// <summary>
    /// Annotation that a user puts on a DPU in phase Error: go on with the step that failed, or, if it is <see cref="Reinstall"/>, with the
    /// installation.
    /// </summary>
    public const string Retry = Group + "retry";

    /// <summary>A value of <see cref="Retry"/>.</summary>
    public const string Reinstall = "reinstall";

    /// <summary>Annotation that a user puts on a DPU, or on all of a DPUSet by its template: how often it is tried again by itself.</summary>
    public const string AutomaticRetries = Group + "automatic-retries";

    /// <summary>Annotation of a DPU: how often it was since it last worked.</summary>
    public const string AutomaticRetriesDone = Group + "automatic-retries-done";

    /// <summary>Annotation of a DPU: when a retry was last asked for; deadlines begin anew.</summary>
    public const string RetriedAt = Group + "retried-at";

    /// <summary>Annotation that a user puts on a DPU that is being deleted: what cannot be reached is left behind at once.</summary>
    public const string ForceDelete = Group + "force-delete";

    /// <summary>Annotation of a DPU: the phase that was begun anew after it failed, and how often: <c>DMS Deployment=2</c>.</summary>
    public const string PhaseAttempts = Group + "phase-attempts";

    /// <summary>Annotation of a DPU: when the drain of its host was first seen to have begun; its limit counts from then.</summary>
    public const string DrainBeganAt = Group + "drain-began-at";

    /// <summary>Annotation of a DPU: how far its installation is.</summary>
    public const string InstallStep = Group + "install-step";

    /// <summary>Annotation of a DPU: how many installations have failed.</summary>
    public const string InstallFailures = Group + "install-failures";

    /// <summary>Annotation of a DPU: when its new system was up.</summary>
    public const string InstalledAt = Group + "installed-at";

    /// <summary>Annotation of a DPU: the host's boot before the reboot that it needs.</summary>
    public const string BootIdBefore = Group + "host-boot-id";

    /// <summary>Annotation of a DPU: when the host was told to reboot; written just before it is.</summary>
    public const string RebootAskedAt = Group + "reboot-asked-at";

    /// <summary>Annotation of a DPU: how often the host did not reboot.</summary>
    public const string RebootFailures = Group + "reboot-failures";

    /// <summary>Annotation of a host: what was done to it while its DPUs are provisioned, to be undone.</summary>
    public const string NodeEffectUndo = Group + "node-effect-undo";

    /// <summary>Label of a join token in a DPU cluster: the uid of the DPU that it is for.</summary>
    public const string JoinTokenOf = Group + "dpu-uid";

    /// <summary>Of pods: which component they are.</summary>
    public const string Component = "dpu.nvidia.com/component";

    /// <summary>Finalizer of BFBs.</summary>
    public const string BfbFinalizer = Group + "bfb-protection";

    /// <summary>Finalizer of DPUSets.</summary>
    public const string DpuSetFinalizer = Group + "dpuset-protection";

    /// <summary>Finalizer of DPUs.</summary>
    public const string DpuFinalizer = Group + "dpu-protection";
}
