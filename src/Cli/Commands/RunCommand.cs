using System.CommandLine;
using Dpf.Cli.Composition;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf run NAME [options]</c>: what a container's command line says.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("component") { Description = "a component's name, e.g. provisioning-controller" };
        var options = new Argument<string[]>("options") { Description = "the component's own options", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("run", "Run one component in this process: what a container of dpf runs.") { name, options };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (result, cancellation) =>
        {
            var wanted = result.GetValue(name)!;
            if (!ComponentTable.Standalone.TryGetValue(wanted, out var component))
            {
                throw new UserErrorException(
                    $"'{wanted}' is no component; there are: {string.Join(", ", ComponentTable.Standalone.Keys.Order(StringComparer.Ordinal))}", 2);
            }

            using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss.fff ";
            }));
            var machine = new LocalMachine();
            var variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>();
            await component.RunAsync(
                new ComponentContext
                {
                    Name = wanted,
                    Arguments = [.. result.GetValue(options) ?? [], .. result.UnmatchedTokens],
                    Environment = variables.ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? ""),
                    Machine = machine,
                    Network = machine.Network,
                    Loggers = loggers,
                },
                cancellation);
            return 0;
        });
        return command;
    }
}
