using Dpf.Provisioning.Detection;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.HostDms;

/// <summary>
/// <c>devlink-grace-period --pci=0000:03:00</c>: lets the host's driver recover from every fatal error of the card's firmware, of
/// which flashing makes several in a row; by default it gives up when the second comes too soon.
/// </summary>
public sealed class DevlinkGracePeriodComponent : IComponent
{
    private static readonly string[][] Settings =
    [
        ["devlink", "health", "set", "pci/{0}", "reporter", "fw_fatal", "grace_period", "0"],
        ["devlink", "health", "recover", "pci/{0}", "reporter", "fw_fatal"],
    ];

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("devlink-grace-period");
        var functions = new PciFunctions(context.Machine.Path("/sys/bus/pci/devices"));
        var physical = Ports(context.Required("pci")).Where(functions.Has).ToList();
        foreach (var function in physical.Concat(physical.SelectMany(functions.VirtualFunctions)))
        {
            foreach (var setting in Settings)
            {
                await ApplyAsync(context.Machine, [.. setting.Select(word => word.Replace("{0}", function, StringComparison.Ordinal))], logger, cancellation);
            }
        }
    }

    private static string[] Ports(string pci) => [pci + ".0", pci + ".1"];

    // Not every function has the reporter, and flashing works without: it is only less sure.
    private static async Task ApplyAsync(IMachine machine, IReadOnlyList<string> command, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            var result = await machine.RunAsync(new MachineCommand(command), cancellation);
            if (!result.Succeeded)
            {
                logger.LogInformation("{Command}: {Error}", string.Join(' ', command), result.Error.Trim());
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            logger.LogWarning("{Command}: {Message}", string.Join(' ', command), e.Message);
        }
    }
}
