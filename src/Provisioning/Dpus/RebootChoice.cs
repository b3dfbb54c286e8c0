using Dpf.Api.Provisioning;
using Dpf.Provisioning.Flavors;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>How the host of a freshly installed DPU restarts: pure.</summary>
internal sealed record RebootChoice
{
    private static readonly string[] Commands = ["cycle", "reset", "skip"];

    /// <summary>Nobody restarts it: the DPU restarts itself.</summary>
    public bool IsSkipped { get; init; }

    /// <summary>A user restarts it.</summary>
    public bool IsManual { get; init; }

    /// <summary>Whether its power is cycled; otherwise it is reset together with the card.</summary>
    public bool IsPowerCycle { get; init; }

    /// <summary><c>cycle</c> or <c>reset</c>.</summary>
    public string Command { get; init; } = "";

    /// <summary>What is wrong with the annotations; null when nothing is.</summary>
    public string? Invalid { get; init; }

    /// <summary>The choice for a DPU.</summary>
    public static RebootChoice Of(Dpu dpu, V1Node host, DpuFlavorSpec flavor)
    {
        var isPowerCycle = PowerCycle(dpu) ?? FlavorParameters.RequiresPowerCycle(flavor);
        var name = isPowerCycle ? ProvisioningLabels.PowerCycleCommand : ProvisioningLabels.RebootCommand;
        var command = host.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : isPowerCycle ? "cycle" : "reset";
        if (!Commands.Contains(command))
        {
            return new RebootChoice
            {
                Invalid = $"node {host.Metadata.Name}: annotation {name}={command}: use one of {string.Join(", ", Commands)}",
            };
        }

        return new RebootChoice
        {
            IsSkipped = command == "skip",
            IsManual = command != "skip" && (dpu.Spec.AutomaticNodeReboot == false || dpu.Spec.NodeEffect?.Drain?.AutomaticNodeReboot == false),
            IsPowerCycle = isPowerCycle,
            Command = command == "skip" ? "" : command,
        };
    }

    /// <summary>The choice for DPUs of one host that restart it together: what one of them cannot do without happens for all.</summary>
    /// <param name="choices">Those of the DPUs, none of them skipped or invalid.</param>
    public static RebootChoice Of(IReadOnlyList<RebootChoice> choices)
    {
        // A power cycle is more than a reset, not the other way round.
        var leader = choices.FirstOrDefault(c => c.IsPowerCycle) ?? choices[0];
        return leader with { IsManual = choices.Any(c => c.IsManual) };
    }

    /// <summary>The commands to run in a DPU's DMS pod, in order; the last one takes the host down.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Words(PciAddress pci) => IsPowerCycle
        ? [["ipmitool", "chassis", "power", Command]]
        : [["bf-slr.sh", pci.Short, Command, "arm"], ["bf-slr.sh", pci.Short, Command, "host"]];

    private static bool? PowerCycle(Dpu dpu) =>
        dpu.Metadata.Annotations?.TryGetValue(ProvisioningLabels.PowerCycleRequired, out var text) == true ? GoBool.Parse(text) : null;
}
