using System.CommandLine;
using Dpf.Cli.Daemon;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf env</c>.</summary>
internal static class EnvCommand
{
    public static Command Create()
    {
        var command = new Command("env", "Print exports for a shell: KUBECONFIG and the guide's variables. Use: eval \"$(./dpf env)\"");
        command.SetAction(async (_, cancellation) =>
        {
            var paths = LabPaths.Default;
            using var lab = new LabClient(paths);
            var status = await lab.StatusAsync(cancellation) ?? throw new UserErrorException("no lab is running; start one with ./dpf up");
            Console.WriteLine($"export KUBECONFIG={Quote(paths.Kubeconfig)}");
            foreach (var (name, value) in status.Variables)
            {
                Console.WriteLine($"export {name}={Quote(value)}");
            }

            return 0;
        });
        return command;
    }

    private static string Quote(string value) => "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
