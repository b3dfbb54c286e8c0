using System.Globalization;
using Dpf.Provisioning.Detection;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.HostNetwork;

/// <summary>
/// <c>host-network</c>: keeps a host as its DPU needs it, for the DPU's whole life: virtual functions, and the first of them in the
/// host's bridge <c>br-dpu</c>, by which the DPU reaches the management network. The container's environment says of which DPU:
/// <c>device_pci_address</c>, <c>num_of_vfs</c>, <c>vf_mtu</c>.
/// </summary>
public sealed class HostNetworkComponent : IComponent
{
    /// <summary>There, on the machine, while the network is as it should be: what the readiness probe reads.</summary>
    public const string ReadyFile = "/run/dpf/hostnetwork-ready";

    /// <summary>What is missing, or worth a remark although nothing is, for whoever asks the pod; not there when there is neither.</summary>
    public const string SaysFile = "/run/dpf/hostnetwork-says";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var host = new DpuHost(
            context.Machine,
            new PciFunctions(context.Machine.Path("/sys/bus/pci/devices")),
            context.Required("device-pci-address", "device_pci_address"),
            Number(context, "num-of-vfs", "num_of_vfs"),
            Number(context, "vf-mtu", "vf_mtu"));
        var logger = context.Loggers.CreateLogger("host-network");
        var (ready, said) = (context.Machine.Path(ReadyFile), context.Machine.Path(SaysFile));
        Directory.CreateDirectory(Path.GetDirectoryName(ready)!);
        File.Delete(ready);
        try
        {
            (string? Missing, string? Remark)? last = null;
            while (true)
            {
                var missing = await PassAsync(host, cancellation);
                if (last != (missing, host.Remark))
                {
                    Report(logger, missing, host.Remark, last?.Missing);
                    Mark(said, missing ?? host.Remark);
                    Mark(ready, missing is null ? "ready" : null);
                    last = (missing, host.Remark);
                }

                await Task.Delay(missing is null ? Interval : Patience, context.Time, cancellation);
            }
        }
        finally
        {
            // The virtual function stays where it is: a restart must not cut the DPU off.
            File.Delete(ready);
            File.Delete(said);
        }
    }

    /// <summary>One pass; null when all is as it should be, else what is missing.</summary>
    private static async Task<string?> PassAsync(DpuHost host, CancellationToken cancellation)
    {
        try
        {
            return await host.ConvergeAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Keeps a file with a line, or none.</summary>
    private static void Mark(string path, string? line)
    {
        if (line is not null)
        {
            File.WriteAllText(path, line + "\n");
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void Report(ILogger logger, string? missing, string? remark, string? before)
    {
        if (missing is null)
        {
            logger.LogInformation("the host's network is ready{After}{Remark}", before is null ? "" : $", after: {before}", remark is null ? "" : $"; {remark}");
        }
        else
        {
            logger.LogWarning("the host's network is not ready: {Missing}", missing);
        }
    }

    private static int Number(ComponentContext context, string option, string variable)
    {
        var text = context.Required(option, variable);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new InvalidOperationException($"{context.Name}: {variable}={text} is no positive number");
    }
}
