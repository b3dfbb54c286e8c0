using System.CommandLine;
using Dpf.Cli.Composition;
using Dpf.Cli.Views;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf run NAME [options]</c>: what a container's command line says.</summary>
internal static class RunCommand
{
    // The last words of a container, which its pod's status shows; a container runtime makes the file.
    private const string TerminationLog = "/dev/termination-log";

    public static Command Create()
    {
        var name = new Argument<string>("component") { Description = "a component's name, e.g. provisioning-controller" };
        var options = new Argument<string[]>("options") { Description = "the component's own options", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("run", "Run one component in this process: what a container of dpf runs.") { name, options };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((result, cancellation) => RunAsync(
            result.GetValue(name)!, [.. result.GetValue(options) ?? [], .. result.UnmatchedTokens], cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string name, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (!ComponentTable.Standalone.TryGetValue(name, out var component))
        {
            throw new UserErrorException(
                $"'{name}' is no component; there are: {string.Join(", ", ComponentTable.Standalone.Keys.Order(StringComparer.Ordinal))}", 2);
        }

        using var loggers = ConsoleLog.Create(ofServers: LogLevel.Warning);
        var machine = new LocalMachine();
        var variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>();
        var context = new ComponentContext
        {
            Name = name,
            Arguments = arguments,
            Environment = variables.ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? ""),
            Machine = machine,
            Network = machine.Network,
            Loggers = loggers,
        };
        try
        {
            await component.RunAsync(context, cancellation);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Ended as it was told to.
            return 0;
        }
        catch (Exception e)
        {
            loggers.CreateLogger(name).LogCritical(e, "failed");
            await LeaveWordAsync(e.Message);
            return 1;
        }
    }

    private static async Task LeaveWordAsync(string message)
    {
        if (File.Exists(TerminationLog))
        {
            await File.WriteAllTextAsync(TerminationLog, message);
        }
    }
}
