namespace Dpf.Operator.Inventory;

/// <summary>The images and the chart of this release, which DPFOperatorConfig may override.</summary>
public sealed record ReleaseDefaults
{
    /// <summary>The components' image: one for all, on hosts and DPUs.</summary>
    public string DpfSystemImage { get; init; } = "nvcr.io/nvidia/doca/dpf-system:v24.10.0";

    /// <summary>The image with the DOCA Management Service, the detector and the host's network set-up.</summary>
    public string HostDriverImage { get; init; } = "nvcr.io/nvidia/doca/hostdriver:v24.10.0";

    /// <summary>The chart of what runs on every DPU, with one sub-chart a component.</summary>
    public string DpuNetworkingHelmChart { get; init; } = "oci://nvcr.io/nvidia/doca/dpu-networking:v24.10.0";

    /// <summary>How many seconds the first boot of a DPU's new system is left alone; null for what provisioning takes by itself.</summary>
    public string? CloudInitTimeout { get; init; }
}
