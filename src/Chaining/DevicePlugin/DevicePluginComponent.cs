using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.DevicePlugin;

/// <summary>Offers a DPU's scalable functions to pods; a resource without functions is not offered.</summary>
public sealed class DevicePluginComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("sriov-device-plugin");
        var file = context.Path(context.Option("config-file", "/etc/pcidp/config.json")!);
        var resources = DeviceSelection.Parse(await File.ReadAllTextAsync(file, cancellation));
        await Together.RunAsync(stop => resources.Select(r => OfferAsync(context, r, logger, stop)), cancellation);
    }

    private static async Task OfferAsync(
        ComponentContext context, DeviceSelection selection, ILogger logger, CancellationToken cancellation)
    {
        var told = false;
        while (true)
        {
            var devices = selection.Find(context.Machine);
            if (devices.Count > 0)
            {
                logger.LogInformation("{Resource}: {Devices}", selection.Resource, string.Join(", ", devices));
                await new ResourceServer(context, selection, () => selection.Find(context.Machine), logger).RunAsync(cancellation);
            }
            else if (!told)
            {
                told = true;
                logger.LogInformation("{Resource}: {Machine} has no such functions", selection.Resource, context.Machine.HostName);
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }
}
