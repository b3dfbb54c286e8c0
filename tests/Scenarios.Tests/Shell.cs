using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Dpf.Scenarios.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    /// <summary>Everything, for the message of a failed assertion.</summary>
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}

/// <summary>Runs what a user would type, in the repository's root.</summary>
internal static class Shell
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = Find();

    /// <summary>Runs a line of bash without standard input.</summary>
    /// <exception cref="TimeoutException">It did not end in time; what it had printed is in the message.</exception>
    public static async Task<Outcome> RunAsync(
        string line, IReadOnlyDictionary<string, string> environment, TimeSpan patience, Func<string, Task>? onError = null)
    {
        var start = new ProcessStartInfo("bash", ["-c", line])
        {
            WorkingDirectory = Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = ReadAsync(process.StandardError, onError);
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {patience.TotalSeconds:0} s: {line}\n{await output}\n{await error}", e);
        }

        return new Outcome(process.ExitCode, await output, await error);
    }

    /// <summary>A text as one word of a shell.</summary>
    public static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static async Task<string> ReadAsync(StreamReader reader, Func<string, Task>? onLine)
    {
        var text = new System.Text.StringBuilder();
        while (await reader.ReadLineAsync() is { } line)
        {
            text.AppendLine(line);
            if (onLine is not null)
            {
                await onLine(line);
            }
        }

        return text.ToString();
    }

    private static string Find([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here)!;
        while (!File.Exists(Path.Combine(folder, "Dpf.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
