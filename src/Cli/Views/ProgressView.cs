using Dpf.Guide.Steps;
using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>
/// What a waiting user sees: one line a step with its seconds, and beneath it, while it runs, what it is at. Where the output is
/// no terminal every new fact is a line of its own.
/// </summary>
public sealed class ProgressView(IAnsiConsole console) : IProgress<GuideProgress>
{
    private readonly Lock _lock = new();
    private string _last = "";

    /// <summary>A stage that is not the guide's, e.g. the lab's hardware.</summary>
    public void Stage(string title, TimeSpan? took = null)
    {
        lock (_lock)
        {
            Clear();
            console.MarkupLine(took is { } seconds
                ? $"[green]✓[/] {Markup.Escape(title)} [grey]{seconds.TotalSeconds:0.0} s[/]"
                : $"[grey]…[/] {Markup.Escape(title)}");
        }
    }

    /// <summary>What was reached just now, in place of what was said before; on no terminal a line of its own.</summary>
    public void Passing(string text)
    {
        lock (_lock)
        {
            if (text.Length > 0)
            {
                Transient(text, plain: true);
            }
            else
            {
                Clear();
            }
        }
    }

    /// <inheritdoc />
    public void Report(GuideProgress value)
    {
        lock (_lock)
        {
            switch (value.Kind)
            {
                case GuideProgressKind.Started when !console.Profile.Capabilities.Ansi:
                    console.MarkupLine($"… step {value.Step.Number}: {Markup.Escape(value.Step.Title)}");
                    break;
                case GuideProgressKind.Command:
                    Transient($"{value.Step.Number} {value.Text}", plain: true);
                    break;
                case GuideProgressKind.Waiting:
                    Transient($"{value.Step.Number} waiting {value.Elapsed.TotalSeconds:0} s: {value.Text}", plain: false);
                    break;
                case GuideProgressKind.Done:
                    Clear();
                    console.MarkupLine(
                        $"[green]✓[/] step {value.Step.Number}: {Markup.Escape(value.Step.Title)} [grey]{value.Elapsed.TotalSeconds:0.0} s[/]");
                    break;
            }
        }
    }

    private void Transient(string text, bool plain)
    {
        text = text.ReplaceLineEndings(" ");
        if (!console.Profile.Capabilities.Ansi)
        {
            var key = text.Split("s: ")[^1];
            if (plain || key != _last)
            {
                console.WriteLine("    " + text);
                _last = key;
            }

            return;
        }

        Clear();
        var width = Math.Max(20, console.Profile.Width - 6);
        console.Markup($"  [grey]{Markup.Escape(text.Length > width ? text[..width] + "…" : text)}[/]");
        _last = text;
    }

    private void Clear()
    {
        if (console.Profile.Capabilities.Ansi && _last.Length > 0)
        {
            console.Write(new ControlCode("\r\u001b[2K"));
            _last = "";
        }
    }
}
