namespace Dpf.Operator.Inventory;

/// <summary>The images and the chart of this release, which DPFOperatorConfig may override.</summary>
public sealed record ReleaseDefaults
{
    /// <summary>The controllers' image.</summary>
    public string DpfSystemImage { get; init; } = "nvcr.io/nvidia/doca/dpf-system:v24.10.0";

    /// <summary>The image with the DOCA Management Service, the detector and the host's network set-up.</summary>
    public string HostDriverImage { get; init; } = "nvcr.io/nvidia/doca/hostdriver:v24.10.0";

    /// <summary>The chart of what runs on every DPU, with one sub-chart a component.</summary>
    public string DpuNetworkingHelmChart { get; init; } = "oci://nvcr.io/nvidia/doca/dpu-networking:v24.10.0";

    /// <summary>The image of Multus.</summary>
    public string MultusImage { get; init; } = "ghcr.io/k8snetworkplumbingwg/multus-cni:v3.9.3";

    /// <summary>The image of the SR-IOV device plugin.</summary>
    public string SriovDevicePluginImage { get; init; } = "ghcr.io/k8snetworkplumbingwg/sriov-network-device-plugin:v3.6.2";

    /// <summary>The image of NVIDIA's IPAM.</summary>
    public string NvIpamImage { get; init; } = "ghcr.io/mellanox/nvidia-k8s-ipam:v0.3.5";

    /// <summary>The image of OVS CNI.</summary>
    public string OvsCniImage { get; init; } = "nvcr.io/nvidia/doca/ovs-cni-plugin:v24.10.0";
}
