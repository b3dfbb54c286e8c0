namespace Dpf.Provisioning.Bfbs;

/// <summary>What is wrong with a download.</summary>
/// <param name="Reason">As a word: one of <see cref="BfbConditions"/>.</param>
/// <param name="Message">For people.</param>
internal sealed record DownloadProblem(string Reason, string Message)
{
    private const int NoSpaceLeft = 28;

    /// <summary>What an exception says, and whether it may pass by itself.</summary>
    public static (DownloadProblem Problem, bool MayPass) Of(Exception exception) => exception switch
    {
        DownloadException e => (new(e.Reason, e.Message), e.MayPass),
        HttpRequestException e => (new(BfbConditions.NoAnswer, e.Message), true),
        IOException { HResult: NoSpaceLeft } e => (new(BfbConditions.NoSpace, e.Message), false),
        IOException e => (new(BfbConditions.ConnectionLost, e.Message), true),
        UnauthorizedAccessException e => (new(BfbConditions.VolumeNotUsable, e.Message), false),
        _ => (new(BfbConditions.NoAnswer, exception.Message), false),
    };
}

/// <summary>A file was not to be had.</summary>
internal sealed class DownloadException(string reason, string message, bool mayPass) : Exception(message)
{
    /// <summary>Why, as a word.</summary>
    public string Reason { get; } = reason;

    /// <summary>Whether it may pass by itself.</summary>
    public bool MayPass { get; } = mayPass;
}
