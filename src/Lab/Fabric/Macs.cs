using System.Globalization;

namespace Dpf.Lab.Fabric;

/// <summary>The MAC addresses of the lab: the same at every start, so that leases are too.</summary>
public static class Macs
{
    /// <summary>The router on the management network: a bridge left to itself takes another whenever a machine is plugged in.</summary>
    public static string ManagementRouter { get; } = Of(0x01, 1, 0);

    /// <summary>The router on the high-speed network.</summary>
    public static string HighSpeedRouter { get; } = Of(0x01, 2, 0);

    /// <summary>A machine's management NIC.</summary>
    public static string Management(int machine) => Of(0x10, machine, 0);

    /// <summary>A DPU's uplink.</summary>
    public static string Uplink(int worker) => Of(0x20, worker, 0);

    /// <summary>A DPU's PF as the host sees it.</summary>
    public static string Pf(int worker) => Of(0x30, worker, 0);

    /// <summary>A VF as the host sees it.</summary>
    public static string Vf(int worker, int vf) => Of(0x40, worker, vf);

    /// <summary>A representor.</summary>
    public static string Representor(int worker, int port) => Of(0x50, worker, port);

    /// <summary>What a DPU asks its management address with: the bridge that carries VF 0's representor.</summary>
    public static string DpuManagement(int worker) => Representor(worker, 0);

    private static string Of(int kind, int machine, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"0e:42:a1:{kind:x2}:{machine:x2}:{port:x2}");
}
