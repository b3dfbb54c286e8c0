using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.DpuClusters.VirtualAddresses;

/// <summary>
/// <c>keepalived --config=FILE --check=URL</c>: runs the machine's keepalived with the configuration that the mounted template gives
/// for this node, and tells it whether the control plane answers here.
/// </summary>
public sealed class KeepalivedComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var name = context.Variable("POD_NAME", "keepalived")!;
        var folder = $"/run/keepalived/{name}";
        var here = context.Machine.Path(folder);
        var template = await File.ReadAllTextAsync(context.Path(context.Required("config")), cancellation);
        var address = context.Variable("NODE_IP") ?? throw new InvalidOperationException($"{context.Name}: NODE_IP is not set; take it from status.hostIP");
        using var check = new ControlPlaneCheck(context, new Uri(context.Required("check")));
        Prepare(here);
        await File.WriteAllTextAsync(
            Path.Combine(here, "keepalived.conf"), KeepalivedConfiguration.Render(template, name, address, $"{folder}/control-plane"), cancellation);
        Tell(here, check.IsAlive);
        var logger = context.Loggers.CreateLogger("keepalived");
        await using var process = new LoggedProcess(
            "keepalived", context.Machine,
            [
                "keepalived", "--dont-fork", "--log-console", "--vrrp", "--use-file", $"{folder}/keepalived.conf",
                "--pid", $"{folder}/keepalived.pid", "--vrrp_pid", $"{folder}/vrrp.pid",
            ],
            logger);
        while (!process.Exited.IsCompleted)
        {
            if (await check.LookAsync(cancellation))
            {
                logger.LogInformation("the control plane {State} on this node", check.IsAlive ? "answers" : "does not answer");
            }

            // Again and again: what was told while keepalived had read the file and did not watch it yet, it would never hear.
            Tell(here, check.IsAlive);

            await Task.WhenAny(process.Exited, Task.Delay(Interval, context.Time, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }

        throw new InvalidOperationException($"keepalived on {context.Machine.HostName} ended with {await process.Exited}; its last lines are in this container's log");
    }

    /// <summary>An empty folder: process files of an instance that was killed would keep the next one from starting.</summary>
    private static void Prepare(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
    }

    // In one step: keepalived reads half a file as a number too.
    private static void Tell(string folder, bool alive)
    {
        var fresh = Path.Combine(folder, ".control-plane");
        File.WriteAllText(fresh, alive ? "0\n" : "1\n");
        File.Move(fresh, Path.Combine(folder, "control-plane"), overwrite: true);
    }
}
