using System.Diagnostics;

namespace Dpf.Runtime.Machines;

/// <summary>A process of this machine, or of one inside it, as the operating system knows it.</summary>
public sealed class MachineProcess : IMachineProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Process _process;
    private readonly bool _piped;

    private MachineProcess(Process process, bool piped)
    {
        (_process, _piped) = (process, piped);
        Exited = WaitAsync();
    }

    /// <inheritdoc />
    public int Id => _process.Id;

    /// <inheritdoc />
    public Task<int> Exited { get; }

    /// <inheritdoc />
    public Stream StandardInput => _piped ? _process.StandardInput.BaseStream : Stream.Null;

    /// <inheritdoc />
    public Stream StandardOutput => _piped ? _process.StandardOutput.BaseStream : Stream.Null;

    /// <inheritdoc />
    public Stream StandardError => _piped ? _process.StandardError.BaseStream : Stream.Null;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="arguments">Program and arguments.</param>
    /// <param name="command">Its environment and input.</param>
    /// <param name="cancellation">Kills it.</param>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> arguments, MachineCommand command, CancellationToken cancellation)
    {
        using var process = Process.Start(Info(arguments, command))!;
        await using var stop = cancellation.Register(() => Kill(process));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            if (command.Input is { } input)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not want its input; its exit code tells.
        }

        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return new CommandResult(process.ExitCode, await output, await error);
    }

    /// <summary>Starts a command that stays.</summary>
    /// <param name="arguments">Program and arguments.</param>
    /// <param name="command">Its environment and input.</param>
    /// <param name="logPath">A file for its output (a path of this process), or null.</param>
    public static MachineProcess Start(IReadOnlyList<string> arguments, MachineCommand command, string? logPath)
    {
        if (command.Piped)
        {
            return new MachineProcess(Process.Start(Info(arguments, command))!, piped: true);
        }

        // A shell opens the log, so that it takes output even when this process is gone.
        var target = logPath ?? "/dev/null";
        IReadOnlyList<string> wrapped = ["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", target, .. arguments];
        var info = Info(wrapped, command);
        info.RedirectStandardInput = info.RedirectStandardOutput = info.RedirectStandardError = false;
        return new MachineProcess(Process.Start(info)!, piped: false);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!Exited.IsCompleted)
        {
            // Asked first, then made to.
            Signal(_process.Id, Terminate);
            if (await Task.WhenAny(Exited, Task.Delay(Patience, TimeProvider.System)) != Exited)
            {
                Kill(_process);
                await Exited;
            }
        }

        _process.Dispose();
    }

    private const int Terminate = 15;

    /// <summary>Sends a signal to a process and to all below it, from the bottom.</summary>
    private static void Signal(int id, int signal)
    {
        var children = Children(id);
        foreach (var child in children)
        {
            Signal(child, signal);
        }

        // Whoever entered other namespaces for its child ends with it, and has to reap it: a child without a parent would stay, where
        // the first process reaps nobody, and its process namespace with it.
        if (children.Count == 0 || !IsEntrance(id))
        {
            _ = Native.Kill(id, signal);
        }
    }

    private static bool IsEntrance(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/comm") == "nsenter\n";
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static IReadOnlyList<int> Children(int id)
    {
        try
        {
            return
            [
                .. Directory.EnumerateDirectories($"/proc/{id}/task")
                    .SelectMany(task => File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(child => int.Parse(child, System.Globalization.CultureInfo.InvariantCulture)),
            ];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            Signal(process.Id, 9);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static ProcessStartInfo Info(IReadOnlyList<string> arguments, MachineCommand command)
    {
        var info = new ProcessStartInfo(arguments[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in arguments.Skip(1))
        {
            info.ArgumentList.Add(argument);
        }

        if (!command.InheritsEnvironment)
        {
            info.Environment.Clear();
        }

        foreach (var (name, value) in command.Environment)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }
}
