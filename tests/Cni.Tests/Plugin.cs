using System.Diagnostics;

namespace Dpf.Cni.Tests;

/// <summary>The plugin as a container runtime starts it: variables, standard input, standard output, exit code.</summary>
internal static class Plugin
{
    // In a mount namespace of its own, where the agent's place holds the test's agent. Needs root.
    private const string Script = """
        mount -t tmpfs none /run && mkdir -p "$(dirname "$1")" && if [ -n "$2" ]; then ln -s "$2" "$1"; fi && exec dotnet "$3"
        """;

    public static async Task<(int Code, string Output)> RunAsync(string? socket, string input, params (string Name, string Value)[] variables)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Dpf.Cni.dll");
        var start = new ProcessStartInfo("unshare", ["-m", "sh", "-c", Script, "plugin", AgentClient.SocketPath, socket ?? "", program])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("CNI_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not want to read.
        }

        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }
}
