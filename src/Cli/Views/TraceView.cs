using Dpf.Guide.Tracing;
using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>The way of a packet: one line a hop, under the machine that it happens on.</summary>
public static class TraceView
{
    /// <summary>Writes the report.</summary>
    public static void Write(IAnsiConsole console, TraceReport report)
    {
        console.MarkupLine($"[bold]{Markup.Escape($"{report.From} → {report.To}")}[/]");
        var machine = "";
        foreach (var hop in report.Hops)
        {
            if (hop.Machine != machine)
            {
                machine = hop.Machine;
                console.MarkupLine($"[bold]{Markup.Escape(machine)}[/]");
            }

            console.MarkupLine($"  {Kind(hop.Kind),-11} {Markup.Escape(hop.What)}");
            foreach (var fact in hop.Facts)
            {
                console.MarkupLine($"              [grey]{Markup.Escape(fact)}[/]");
            }
        }

        console.MarkupLine(report.Drop is { } drop
            ? $"[red]✗ dropped[/] {Markup.Escape(drop)}"
            : report.Hops is [.., { Kind: HopKind.Fabric }] ? "[green]✓ leaves for the outside[/]" : "[green]✓ arrives[/]");
    }

    private static string Kind(HopKind kind) => kind.ToString().ToLowerInvariant();
}
