using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>Standard output as the commands use it.</summary>
internal static class Terminal
{
    private const int Unlimited = 1000;

    /// <summary>A terminal has a width; a file or a pipe has none, so that nothing in it is cut or broken.</summary>
    public static IAnsiConsole Console { get; } = Create();

    /// <summary>Standard error, for what goes on while standard output is for machines.</summary>
    public static IAnsiConsole Error { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });

    private static IAnsiConsole Create()
    {
        var console = AnsiConsole.Console;
        if (System.Console.IsOutputRedirected)
        {
            console.Profile.Width = Unlimited;
        }

        return console;
    }
}
