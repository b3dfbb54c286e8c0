using System.CommandLine;
using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Microsoft.Extensions.Logging;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf lab serve</c>: the process that <c>up</c> starts and <c>down</c> ends.</summary>
internal static class LabCommand
{
    public static Command Create()
    {
        var state = new Option<string>("--state") { Description = "the lab's folder", DefaultValueFactory = _ => LabPaths.Default.Root };
        var workers = new Option<int>("--workers") { Description = "worker nodes", DefaultValueFactory = _ => LabShape.Usual.Workers };
        var isolated = new Option<bool>("--isolated") { Description = "run the components as containers of processes of their own" };
        var image = new Option<string?>("--image") { Description = "the folder of these containers' root file system" };
        var serve = new Command("serve", "Run the lab in this process until it is stopped.") { state, workers, isolated, image };
        serve.SetAction(async (result, cancellation) =>
        {
            using var loggers = ConsoleLog.Create(ofServers: LogLevel.Information);
            var shape = new LabShape(result.GetValue(workers), result.GetValue(isolated), result.GetValue(image));
            await new LabDaemon(new LabPaths(result.GetValue(state)!), shape, loggers, TimeProvider.System).RunAsync(cancellation);
            return 0;
        });
        return new Command("lab", "The simulated machines and networks.") { serve };
    }
}
