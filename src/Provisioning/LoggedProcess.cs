using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning;

/// <summary>A process whose output goes line by line to a component's log.</summary>
internal sealed class LoggedProcess : IAsyncDisposable
{
    private readonly IMachineProcess _process;
    private readonly Task _copying;

    /// <summary>Starts it.</summary>
    public LoggedProcess(string name, IMachine machine, IReadOnlyList<string> command, ILogger logger)
    {
        Name = name;
        _process = machine.Start(new MachineCommand(command) { Piped = true });
        _process.StandardInput.Close();
        _copying = Task.WhenAll(CopyAsync(_process.StandardOutput, logger), CopyAsync(_process.StandardError, logger));
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Completes with its exit code, when its last line is in the log.</summary>
    public Task<int> Exited => field ??= ExitedAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _copying;
    }

    private async Task<int> ExitedAsync()
    {
        await _copying;
        return await _process.Exited;
    }

    private async Task CopyAsync(Stream output, ILogger logger)
    {
        using var reader = new StreamReader(output);
        while (await reader.ReadLineAsync() is { } line)
        {
            logger.LogInformation("{Process}: {Line}", Name, line);
        }
    }
}
