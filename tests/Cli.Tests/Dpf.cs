using System.Diagnostics;
using Dpf.Testing;

namespace Dpf.Cli.Tests;

/// <summary>The program as a user starts it, with a state folder that is not there.</summary>
internal sealed class Dpf : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dpf-cli-");

    /// <summary>Where the lab's state would be.</summary>
    public string State => Path.Combine(Folder, "state");

    /// <summary>Where it runs.</summary>
    public string Folder => _folder.FullName;

    /// <summary>What the program left beside its state.</summary>
    public IEnumerable<string> Left => _folder.EnumerateFileSystemInfos().Select(f => f.Name);

    public Task<(int Code, string Output, string Error)> RunAsync(string arguments, params (string Name, string Value)[] variables) =>
        RunAsync(arguments, null, variables);

    /// <summary>Runs the program, and something beside it, to the program's end.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(
        string arguments, Func<Process, Task>? meanwhile, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Dpf.Cli.dll"), .. arguments.Split(' ')])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        start.Environment["DPF_STATE"] = State;
        start.Environment["DPF_HOME"] = TestFolder.Repository;
        start.Environment["HOME"] = _folder.FullName;
        start.Environment.Remove("KUBECONFIG");
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        if (meanwhile is not null)
        {
            await meanwhile(process);
        }

        var cancellation = TestContext.Current.CancellationToken;
        var error = process.StandardError.ReadToEndAsync(cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, output, await error);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
