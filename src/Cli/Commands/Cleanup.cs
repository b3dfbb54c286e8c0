using Dpf.Cli.Daemon;

namespace Dpf.Cli.Commands;

/// <summary>Removes what a lab left, whether its daemon still answers or was killed.</summary>
internal static class Cleanup
{
    public static async Task RunAsync(LabPaths paths, LabClient lab, CancellationToken cancellation)
    {
        if (await lab.StatusAsync(cancellation) is { } status)
        {
            try
            {
                await lab.StopAsync(cancellation);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or UserErrorException)
            {
                // It ended before it answered, or cannot end by itself: what is left is removed below.
            }

            await EndedAsync(status.ProcessId, cancellation);
        }

        await Lab.Machines.LabCleanup.RunAsync(paths.Root, cancellation);
    }

    // The next lab must not meet the last one's daemon.
    private static async Task EndedAsync(int id, CancellationToken cancellation)
    {
        try
        {
            using var daemon = System.Diagnostics.Process.GetProcessById(id);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(15));
            await daemon.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            daemon.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended.
        }
    }
}
