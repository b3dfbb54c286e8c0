using System.Globalization;
using System.Text.RegularExpressions;
using Dpf.Api.Provisioning;

namespace Dpf.Provisioning.Flavors;

/// <summary>What provisioning itself needs to know of a flavor's firmware parameters.</summary>
internal static partial class FlavorParameters
{
    /// <summary>How many virtual functions the host gets; null when the flavor does not say.</summary>
    public static int? NumberOfVfs(DpuFlavorSpec flavor) => First(flavor, HostFunctions());

    /// <summary>How many scalable functions the DPU makes; 0 when the flavor does not say.</summary>
    public static int NumberOfSfs(DpuFlavorSpec flavor) => First(flavor, ScalableFunctions()) ?? 0;

    /// <summary>Whether the firmware takes the parameters only after the host's power was cycled.</summary>
    public static bool RequiresPowerCycle(DpuFlavorSpec flavor) => flavor.Nvconfig?.Any(n => n.HostPowerCycleRequired == true) == true;

    /// <summary>All firmware parameters, in order.</summary>
    public static IReadOnlyList<string> Firmware(DpuFlavorSpec flavor) => [.. (flavor.Nvconfig ?? []).SelectMany(n => n.Parameters ?? [])];

    private static int? First(DpuFlavorSpec flavor, Regex pattern) =>
        Firmware(flavor).Select(p => pattern.Match(p)).FirstOrDefault(m => m.Success) is { } match &&
        int.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var count)
            ? count
            : null;

    [GeneratedRegex("^NUM_OF_VFS=([0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex HostFunctions();

    [GeneratedRegex("^PF_TOTAL_SF=([0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex ScalableFunctions();
}
