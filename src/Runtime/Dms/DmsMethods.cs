using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>
/// The remote procedures of DMS, the management service in front of a BlueField: gNOI's OS and System services and gNMI's Get and Set.
/// </summary>
public static class DmsMethods
{
    /// <summary>The port that DMS listens on.</summary>
    public const int Port = 9339;

    /// <summary>gnoi.os.OS.Install: puts an image into the image folder.</summary>
    public static Method<InstallRequest, InstallResponse> Install { get; } = new(
        MethodType.DuplexStreaming, "gnoi.os.OS", "Install", InstallRequest.Marshaller, InstallResponse.Marshaller);

    /// <summary>gnoi.os.OS.Activate: installs images, <c>bundle.bfb;dpu.cfg</c>, on the DPU.</summary>
    public static Method<ActivateRequest, ActivateResponse> Activate { get; } = new(
        MethodType.Unary, "gnoi.os.OS", "Activate", ActivateRequest.Marshaller, ActivateResponse.Marshaller);

    /// <summary>gnoi.system.System.RebootStatus: how far the DPU's boot into a new image is.</summary>
    public static Method<RebootStatusRequest, RebootStatusResponse> RebootStatus { get; } = new(
        MethodType.Unary, "gnoi.system.System", "RebootStatus", RebootStatusRequest.Marshaller, RebootStatusResponse.Marshaller);

    /// <summary>gnmi.gNMI.Get: reads settings.</summary>
    public static Method<GetRequest, GetResponse> Get { get; } = new(
        MethodType.Unary, "gnmi.gNMI", "Get", GetRequest.Marshaller, GetResponse.Marshaller);

    /// <summary>gnmi.gNMI.Set: changes settings.</summary>
    public static Method<SetRequest, SetResponse> Set { get; } = new(
        MethodType.Unary, "gnmi.gNMI", "Set", SetRequest.Marshaller, SetResponse.Marshaller);
}
