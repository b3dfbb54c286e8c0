using Dpf.Guide.Commands;
using Dpf.Runtime.Clusters;

namespace Dpf.Guide.Steps;

/// <summary>Carries out steps: commands once, verifications until they succeed.</summary>
public sealed class StepRunner(CommandRunner commands, IProgress<GuideProgress> progress, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(150);

    /// <summary>How long a command may fail because a server restarts, or a verification may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Carries out one step.</summary>
    /// <exception cref="StepFailedException">It did not come true in time, or cannot.</exception>
    public async Task<TimeSpan> RunAsync(GuideStep step, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        Report(GuideProgressKind.Started, step.Title);
        foreach (var command in step.Commands)
        {
            Report(GuideProgressKind.Command, command);
            await UntilAsync(command);
        }

        foreach (var check in step.Verification)
        {
            Report(GuideProgressKind.Command, check);
            await UntilAsync(check);
        }

        Report(GuideProgressKind.Done, step.Title);
        return time.GetElapsedTime(start);

        void Report(GuideProgressKind kind, string text) =>
            progress.Report(new GuideProgress(step, kind, text, time.GetElapsedTime(start)));

        async Task UntilAsync(string command)
        {
            var began = time.GetTimestamp();
            while (true)
            {
                try
                {
                    await commands.RunAsync(command, cancellation);
                    return;
                }
                catch (Exception e) when (MayPass(e) && !cancellation.IsCancellationRequested)
                {
                    if (time.GetElapsedTime(began) > Patience)
                    {
                        throw new StepFailedException(step, command, e);
                    }

                    Report(GuideProgressKind.Waiting, e.Message);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    throw new StepFailedException(step, command, e);
                }

                await Task.Delay(Poll, time, cancellation);
            }
        }
    }

    // A server that restarts, a webhook that is not there yet, a CRD that is not established: time heals them.
    private static bool MayPass(Exception e) => e is NotYetException or HttpRequestException or TimeoutException or IOException ||
        e is KubeException { Code: var code } && ((int)code >= 500 || (int)code is 404 or 409 or 429);
}

/// <summary>A step of the guide failed.</summary>
public sealed class StepFailedException(GuideStep step, string command, Exception cause)
    : Exception($"step {step.Number} ({step.Title}): {command}\n  {cause.Message}", cause)
{
    /// <summary>The step.</summary>
    public GuideStep Step { get; } = step;
}
