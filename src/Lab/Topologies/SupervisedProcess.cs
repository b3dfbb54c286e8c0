using System.Diagnostics;
using Dpf.Lab.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Topologies;

/// <summary>A process that is started again whenever it ends, as an init system does.</summary>
internal sealed class SupervisedProcess : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public SupervisedProcess(IReadOnlyList<string> command, string state, string log, ILogger logger, TimeProvider time) =>
        _running = Task.Run(() => RunAsync(command, state, log, logger, time));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IReadOnlyList<string> command, string state, string log, ILogger logger, TimeProvider time)
    {
        while (!_stop.IsCancellationRequested)
        {
            var start = new ProcessStartInfo("sh") { UseShellExecute = false, RedirectStandardInput = true, WorkingDirectory = "/" };
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add("exec \"$@\" >>\"$0\" 2>&1");
            start.ArgumentList.Add(log);
            foreach (var word in command)
            {
                start.ArgumentList.Add(word);
            }

            start.Environment[Machine.Marker] = state;
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            try
            {
                await process.WaitForExitAsync(_stop.Token);
                logger.LogWarning("{Command} ended with {Code}; starting it again", command[^1], process.ExitCode);
                await Task.Delay(Pause, time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }
}
