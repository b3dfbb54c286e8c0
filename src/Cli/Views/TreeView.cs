using Dpf.Guide.Describing;
using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>Trees of objects for a terminal: the object to the left, how it stands to the right, what is wrong and what to do beneath.</summary>
/// <param name="console">The terminal.</param>
/// <param name="conditions">Whether all conditions are shown.</param>
public sealed class TreeView(IAnsiConsole console, bool conditions)
{
    private const int Narrowest = 24;

    /// <summary>Writes the trees.</summary>
    public void Write(IReadOnlyList<ObjectNode> roots)
    {
        var lines = new List<Line>();
        foreach (var root in roots)
        {
            Collect(root, "", "", null, null, lines);
        }

        var width = Math.Max(60, console.Profile.Width - 1);
        var right = Math.Min(lines.Select(line => line.Standing.Text.Length).DefaultIfEmpty(0).Max(), width / 3);
        var left = Math.Min(lines.Select(line => line.Left.Length).DefaultIfEmpty(0).Max(), width - right - 4);
        foreach (var line in lines)
        {
            console.MarkupLine($"{Markup.Escape(Fit(line.Left, left).PadRight(left))}  {Mark(line.Standing.Kind)} {Markup.Escape(Fit(line.Standing.Text, width - left - 4))}");
            foreach (var (label, text, style) in line.Notes)
            {
                Note(line.Indent, label, text, style, width);
            }
        }
    }

    private void Collect(ObjectNode node, string own, string below, string? outer, string? outerCluster, List<Line> lines)
    {
        var notes = new List<(string, string, string)>();
        if (conditions)
        {
            notes.AddRange(node.Conditions.Select(c => (c.Status == "True" ? "+" : "-", $"{c.Type} {c.Status}: {c.Reason} {c.Message}".TrimEnd(), c.Status == "True" ? "grey" : "yellow")));
        }

        if (node.IsIssue && node.Standing.Message.Length > 0 && !node.Children.Any(child => child.HasIssue))
        {
            notes.Add(("why:", node.Standing.Message.ReplaceLineEndings(" "), "yellow"));
        }

        if (node.Next is { } next)
        {
            notes.Add(("next:", next, "aqua"));
        }

        var name = node.Object.Namespace is { } ns && ns != outer ? $"{ns}/{node.Object.Name}" : node.Object.Name;
        var cluster = node.Object.Cluster is { } inside && inside != outerCluster ? $" (in {inside})" : "";
        lines.Add(new Line($"{own}{node.Object.Kind} {name}{cluster}", below + (node.Children.Count > 0 ? "│  " : "   "), node.Standing, notes));
        for (var i = 0; i < node.Children.Count; i++)
        {
            var last = i == node.Children.Count - 1;
            Collect(node.Children[i], below + (last ? "└─ " : "├─ "), below + (last ? "   " : "│  "), node.Object.Namespace ?? outer, node.Object.Cluster, lines);
        }
    }

    private void Note(string indent, string label, string text, string style, int width)
    {
        var room = Math.Max(Narrowest, width - indent.Length - label.Length - 1);
        foreach (var part in Wrap(text, room))
        {
            console.MarkupLine($"{Markup.Escape(indent)}[{style}]{label} {Markup.Escape(part)}[/]");
            label = new string(' ', label.Length);
        }
    }

    private static string Mark(StandingKind kind) => kind switch
    {
        StandingKind.Ready => "[green]✓[/]",
        StandingKind.Failed => "[red]✗[/]",
        StandingKind.Terminating => "[yellow]†[/]",
        _ => "[yellow]…[/]",
    };

    private static string Fit(string text, int room) => text.Length <= room ? text : text[..Math.Max(1, room - 1)] + "…";

    /// <summary>Breaks between words; a longer word stays whole, so that it can be copied.</summary>
    private static IEnumerable<string> Wrap(string text, int room)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > room)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }

    private sealed record Line(string Left, string Indent, Standing Standing, IReadOnlyList<(string Label, string Text, string Style)> Notes);
}
