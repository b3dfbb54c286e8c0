using Dpf.Guide.Steps;
using Dpf.Guide.Variables;

namespace Dpf.Cli.Commands;

/// <summary>A mistake or a state that the user can do something about; shown without a stack trace.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="exitCode">The exit code: 1 for a failure, 2 for wrong use.</param>
public sealed class UserErrorException(string message, int exitCode = 1) : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>Which exceptions are the user's to read, and how they exit.</summary>
public static class UserErrors
{
    // As a shell says it of a process that SIGINT ended.
    private const int Interrupted = 130;

    /// <summary>The text for the user; null when it is a bug of ours that needs its stack trace.</summary>
    public static string? Explain(Exception e) => e switch
    {
        UserErrorException or StepFailedException => e.Message,
        GuideVariableException variables => "the variables are not right; nothing was changed\n" +
            string.Join('\n', variables.Problems.Select(p => "  " + p)),
        OperationCanceledException => "interrupted",
        _ => null,
    };

    /// <summary>Says how to go on when the user interrupts what takes a while.</summary>
    /// <exception cref="UserErrorException">It was interrupted.</exception>
    public static async Task<int> AdvisedAsync(string advice, Task<int> work)
    {
        try
        {
            return await work;
        }
        catch (OperationCanceledException)
        {
            throw new UserErrorException("interrupted; " + advice, Interrupted);
        }
    }

    /// <summary>2 for wrong use, 130 for an interrupt, 1 for the rest.</summary>
    public static int ExitCode(Exception e) => e switch
    {
        UserErrorException user => user.ExitCode,
        GuideVariableException => 2,
        OperationCanceledException => Interrupted,
        _ => 1,
    };
}
