using System.CommandLine;
using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Dpf.Guide.Steps;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf up</c>.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "text, or json: one object on standard output, progress on standard error", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var workers = new Option<int?>("--workers") { Description = $"worker nodes, each with a BlueField; {LabShape.Usual.Workers} unless said" };
        var mode = ProvisioningMode.Option();
        var isolated = new Option<bool?>("--isolated")
        {
            Description = "run every component of the product as a container with its own processes and mounts: slower, as on a real node",
        };
        var image = new Option<string?>("--image")
        {
            Description = "run them from the files of the components' image, unpacked into this folder: what it lacks is missing; with it --isolated is meant",
        };
        var command = new Command("up", "Bring up the lab, walk the guide's steps 0 to 6 and show the traffic matrix.") { output, workers, mode, isolated, image };
        command.SetAction((result, cancellation) => UserErrors.AdvisedAsync("./dpf up goes on, ./dpf down cleans up", RunAsync(
            result.GetValue(output) == "json", new LabWish(
                result.GetValue(workers), result.GetValue(isolated), result.GetValue(image) is { } folder ? Path.GetFullPath(folder) : null),
            ProvisioningMode.Step(result.GetValue(mode)!), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(bool json, LabWish wish, GuideStep provisioning, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var paths = LabPaths.Default;
        var console = json ? Terminal.Error : Terminal.Console;
        var progress = new ProgressView(console);
        if (wish.Problem is { } problem)
        {
            throw new UserErrorException(problem, 2);
        }

        // Wrong variables are told before anything is touched.
        var variables = LabVariables.Check();
        using var held = LabLock.Take(paths, "up");
        using var lab = new LabClient(paths);
        if (ClusterRanges.Read(variables["POD_CIDR"]) is { IsDual: true } pods)
        {
            console.WriteLine($"Dual stack: pods in {string.Join(" and ", pods.All)}, services in {variables["SERVICE_CIDR"].Replace(",", " and ", StringComparison.Ordinal)}");
        }

        var start = time.GetTimestamp();
        var status = await StartAsync(lab, paths, wish, progress, console, time, cancellation);
        var cells = 0;
        using var client = KubeClient.FromKubeconfig(await File.ReadAllTextAsync(paths.Kubeconfig, cancellation));
        var walk = new GuideWalk(client, GuideVariables.Read(status.Variables), progress, time);
        await walk.InstallAsync(provisioning, lab.AddWorkersAsync, cancellation);
        var matrix = await walk.TrafficAsync(
            status.Outside,
            cell => progress.Stage($"traffic {++cells}: {MatrixView.Title(cell.Kind)} {cell.From} → {cell.To}: {(cell.Ok ? "ok" : "FAILED")}"),
            cancellation);
        var report = new UpReport([.. status.Stages.Select(s => ("0", s.Title, s.Seconds)), .. walk.Steps], matrix);
        if (json)
        {
            Console.Out.WriteLine(report.ToJson());
        }
        else
        {
            MatrixView.Write(console, report.Matrix);
            console.MarkupLine($"[bold]{(report.Ok ? "All traffic gets through" : "[red]Some traffic does not get through[/]")}[/], {time.GetElapsedTime(start).TotalSeconds:0} s");
            console.WriteLine("Next: eval \"$(./dpf env)\" && kubectl get nodes,dpu -A        Clean up: ./dpf down");
        }

        return report.Ok ? 0 : 1;
    }

    private static async Task<LabStatus> StartAsync(
        LabClient lab, LabPaths paths, LabWish wish, ProgressView progress, IAnsiConsole console, TimeProvider time, CancellationToken cancellation)
    {
        var known = await lab.StatusAsync(cancellation);
        if (known is { Failure: null })
        {
            if (wish.Unmet(known.Shape) is { } problem)
            {
                throw new UserErrorException(problem, 2);
            }

            console.WriteLine("A lab is running already: walking the guide again, which heals what is missing.");
        }
        else
        {
            if (known is not null || Directory.Exists(paths.Root))
            {
                console.WriteLine("An earlier lab was cut short: cleaning up what it left and starting over.");
                await Cleanup.RunAsync(paths, lab, cancellation);
            }

            LabClient.Start(paths, wish.Shape);
        }

        return await ReadyAsync(lab, paths, progress, time, cancellation);
    }

    private static async Task<LabStatus> ReadyAsync(
        LabClient lab, LabPaths paths, ProgressView progress, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var shown = 0;
        while (true)
        {
            var status = await lab.StatusAsync(cancellation);
            foreach (var stage in status?.Stages.Skip(shown) ?? [])
            {
                progress.Stage(stage.Title, TimeSpan.FromSeconds(stage.Seconds));
                shown++;
            }

            if (status?.Failure is { } failure)
            {
                throw new UserErrorException($"the lab did not come up: {failure}\n  its log: {paths.Log}");
            }

            if (status is { Ready: true })
            {
                return status;
            }

            if (time.GetElapsedTime(start) > TimeSpan.FromMinutes(2))
            {
                throw new UserErrorException($"the lab is still at '{status?.Stage ?? "starting"}' after 2 minutes; its log: {paths.Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation);
        }
    }
}
