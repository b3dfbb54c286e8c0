using Dpf.Cli.Daemon;

namespace Dpf.Cli.Commands;

/// <summary>Removes what a lab left, whether its daemon still answers or was killed.</summary>
internal static class Cleanup
{
    public static async Task RunAsync(LabPaths paths, LabClient lab, CancellationToken cancellation)
    {
        if (await lab.StatusAsync(cancellation) is not null)
        {
            try
            {
                await lab.StopAsync(cancellation);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or UserErrorException)
            {
                // It ended before it answered, or cannot end by itself: what is left is removed below.
            }
        }

        await Lab.Machines.LabCleanup.RunAsync(paths.Root, cancellation);
    }
}
