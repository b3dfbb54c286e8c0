using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Multus;

/// <summary>
/// Gives pods more than one network: becomes the machine's first network configuration once there is another to fall back to.
/// </summary>
public sealed class MultusComponent : IComponent
{
    private const string Own = "00-multus.conf";
    private const string Socket = "/run/multus/multus.sock";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("multus");
        using var client = context.InCluster();
        var folder = new NetworkFolder(context.Machine);
        var networks = new PodNetworks(client, context.Machine, () => folder.FirstBut(Own));
        var server = new PluginServer(context.Machine, "multus", Socket, networks.AnswerAsync, logger);
        var serving = server.RunAsync(cancellation);
        var version = context.Option("cni-version", "0.3.1");
        while (!serving.IsCompleted)
        {
            if (folder.FirstBut(Own) is { } main && await folder.WriteAsync(
                Own, new JsonObject { ["cniVersion"] = version, ["name"] = "multus-cni-network", ["type"] = "multus" }, cancellation))
            {
                logger.LogInformation("pods get network {Network} and those that they ask for", (string?)main["name"]);
            }

            await Task.WhenAny(serving, Task.Delay(Interval, context.Time, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }

        await serving;
    }
}
