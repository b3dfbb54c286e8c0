using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Daemons;

/// <summary>One of OVN's own daemons, run in the foreground on the machine; ends when it does.</summary>
/// <param name="prepare">What has to be there before it starts.</param>
/// <param name="command">Its command line.</param>
/// <param name="initialise">What is done once it runs; repeated until it succeeds.</param>
public sealed class DaemonComponent(
    Func<IMachine, CancellationToken, Task> prepare,
    IReadOnlyList<string> command,
    IReadOnlyList<string>? initialise = null) : IComponent
{
    private static readonly string[] Folders = ["/run/ovn", "/var/lib/ovn", "/var/log/ovn"];

    /// <summary>A database server for one of OVN's databases.</summary>
    public static DaemonComponent Database(string name, string schema, IReadOnlyList<string> initialise) => new(
        (machine, cancellation) => DatabaseFile.PrepareAsync(
            machine, $"/var/lib/ovn/{name}.db", $"/usr/share/ovn/{schema}.ovsschema", cancellation),
        [
            "ovsdb-server", $"/var/lib/ovn/{name}.db", $"--remote=punix:/run/ovn/{name}.sock", $"--pidfile=/run/ovn/{name}.pid",
            $"--unixctl=/run/ovn/{name}.ctl", "-vconsole:warn",
        ],
        initialise);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var machine = context.Machine;
        var logger = context.Loggers.CreateLogger(context.Name);
        foreach (var folder in Folders)
        {
            Directory.CreateDirectory(machine.Path(folder));
        }

        await prepare(machine, cancellation);
        await using var process = machine.Start(new MachineCommand(command) { LogPath = $"/var/log/ovn/{context.Name}.log" });
        logger.LogInformation("{Machine}: {Command}", machine.HostName, string.Join(' ', command));
        if (initialise is not null)
        {
            while (!process.Exited.IsCompleted && !(await machine.RunAsync(new MachineCommand(initialise), cancellation)).Succeeded)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), context.Time, cancellation);
            }
        }

        var code = await process.Exited.WaitAsync(cancellation);
        throw new InvalidOperationException(
            $"{machine.HostName}: {command[0]} ended with {code}; see /var/log/ovn/{context.Name}.log on the machine");
    }
}
