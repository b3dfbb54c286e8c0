using Dpf.Guide.Traffic;
using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>The traffic matrix as a table.</summary>
public static class MatrixView
{
    /// <summary>Writes the table.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<TrafficCell> cells)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("path", "from", "to", "", "detail");
        foreach (var cell in cells)
        {
            table.AddRow(
                new Text(Title(cell.Kind)), new Text(cell.From), new Text(cell.To),
                new Markup(cell.Ok ? "[green]ok[/]" : "[red]FAILED[/]"), new Text(cell.Detail));
        }

        console.Write(table);
    }

    /// <summary>A kind for people.</summary>
    public static string Title(TrafficKind kind) => kind switch
    {
        TrafficKind.PodToPodSameWorker => "pod to pod, one worker",
        TrafficKind.PodToPodAcrossWorkers => "pod to pod, across workers",
        TrafficKind.ControlPlaneToWorker => "control plane to worker",
        TrafficKind.WorkerToControlPlane => "worker to control plane",
        TrafficKind.PodToClusterIp => "pod to ClusterIP",
        TrafficKind.PodToOutside => "pod to outside",
        _ => kind.ToString(),
    };

    /// <summary>A kind for machines: <c>pod-to-pod-same-worker</c> and so on.</summary>
    public static string Name(TrafficKind kind) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}
