using System.CommandLine;
using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Dpf.Guide.Traffic;
using Dpf.Runtime.Clusters;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf traffic</c>.</summary>
internal static class TrafficCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("traffic", "Ask the traffic matrix again: every cell is a real ping or connection made inside a pod.") { output };
        command.SetAction(async (result, cancellation) =>
        {
            var paths = LabPaths.Default;
            using var lab = new LabClient(paths);
            var status = await lab.StatusAsync(cancellation) ?? throw new UserErrorException("no lab is running; start one with ./dpf up");
            using var client = KubeClient.FromKubeconfig(await File.ReadAllTextAsync(paths.Kubeconfig, cancellation));
            var report = new UpReport([], await new TrafficMatrix(client, TimeProvider.System).RunAsync(status.Outside, null, cancellation));
            if (result.GetValue(output) == "json")
            {
                Console.WriteLine(report.ToJson());
            }
            else
            {
                MatrixView.Write(Terminal.Console, report.Matrix);
            }

            return report.Ok ? 0 : 1;
        });
        return command;
    }
}
