using System.CommandLine;
using Dpf.Cli.Daemon;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf reboot</c>.</summary>
internal static class RebootCommand
{
    public static Command Create()
    {
        var machine = new Argument<string>("machine")
        {
            Description = "a DPU (worker1-0000-03-00), which reboots under its running host, or a worker, which takes its DPU with it",
        };
        var command = new Command("reboot", "Take the power from a machine of the lab and give it back.") { machine };
        command.SetAction(async (result, cancellation) =>
        {
            using var lab = new LabClient(LabPaths.Default);
            if (await lab.StatusAsync(cancellation) is null)
            {
                throw new UserErrorException("no lab is running; start one with ./dpf up");
            }

            await lab.RebootAsync(result.GetValue(machine)!, cancellation);
            return 0;
        });
        return command;
    }
}
