using System.CommandLine;
using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Dpf.Guide.Steps;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf down</c>.</summary>
internal static class DownCommand
{
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "skip the guide's deletion and remove the lab at once" };
        var keep = new Option<bool>("--keep-lab") { Description = "carry out the guide's deletion alone; the lab's clusters and machines stay" };
        var command = new Command("down", "Carry out the guide's step 7, then remove the lab; the machine is left as it was found.") { force, keep };
        command.SetAction((result, cancellation) => RunAsync(result.GetValue(force), result.GetValue(keep), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(bool force, bool keep, CancellationToken cancellation)
    {
        var paths = LabPaths.Default;
        var console = AnsiConsole.Console;
        var progress = new ProgressView(console);
        using var held = LabLock.Take(paths, "down");
        using var lab = new LabClient(paths);
        var status = await lab.StatusAsync(cancellation);
        if (status is null && !Directory.Exists(paths.Root))
        {
            console.WriteLine("There is no lab.");
            return 0;
        }

        if (keep && (force || status is not { Ready: true }))
        {
            throw new UserErrorException("--keep-lab: there is no lab that is up and could stay; leave the option out to remove what there is", 2);
        }

        var failed = false;
        if (status is { Ready: true } && !force)
        {
            try
            {
                using var client = KubeClient.FromKubeconfig(await File.ReadAllTextAsync(paths.Kubeconfig, cancellation));
                await new GuideWalk(client, GuideVariables.Read(status.Variables), progress, TimeProvider.System) { Patience = TimeSpan.FromSeconds(60) }
                    .DeleteAsync(cancellation);
            }
            catch (StepFailedException e)
            {
                // The lab goes anyway; the user hears what the guide's own deletion could not do.
                console.WriteLine(e.Message);
                failed = true;
            }
        }
        else if (status is null)
        {
            console.WriteLine("The lab's daemon is gone: removing what it left.");
        }

        if (keep)
        {
            console.MarkupLine("[green]✓[/] step 7 is carried out; the lab stays");
            return failed ? 1 : 0;
        }

        await Cleanup.RunAsync(paths, lab, cancellation);
        console.MarkupLine("[green]✓[/] the lab is removed");
        return failed ? 1 : 0;
    }
}
