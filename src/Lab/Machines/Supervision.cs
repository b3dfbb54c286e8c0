using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Machines;

/// <summary>Keeps work going that is to go on as long as the lab: as an init system, which a machine has, does.</summary>
internal static class Supervision
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Begins the work again whenever it ends, however it ends, until it is cancelled; never throws.</summary>
    /// <param name="work">What is to go on.</param>
    /// <param name="logger">Told every end, with its cause.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task KeepAsync(Func<CancellationToken, Task> work, ILogger logger, TimeProvider time, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await work(cancellation);
                logger.LogWarning("ended; starting again");
            }
            catch (Exception) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                logger.LogError(e, "ended; starting again");
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
