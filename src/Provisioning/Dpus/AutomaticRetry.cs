namespace Dpf.Provisioning.Dpus;

/// <summary>The next time that a failed DPU is tried again by itself: pure.</summary>
/// <param name="At">When.</param>
/// <param name="Number">The how-manieth time.</param>
/// <param name="Budget">Of how many.</param>
internal sealed record AutomaticRetry(DateTimeOffset At, int Number, int Budget)
{
    /// <summary>The most that a user may ask for: what so many tries did not mend, no further one does.</summary>
    public const int Most = 10;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(4);

    /// <summary>Whether the card is installed anew. The first time the step that failed may have been unlucky; then its system is not trusted.</summary>
    public bool IsReinstall => Number > 1;

    /// <summary>The next time, with pauses that double; null when all are used up.</summary>
    /// <param name="budget">How many times there are.</param>
    /// <param name="done">How many were.</param>
    /// <param name="failed">When it failed last.</param>
    public static AutomaticRetry? Next(int budget, int done, DateTimeOffset failed)
    {
        var most = Math.Min(budget, Most);
        var pause = FirstPause * Math.Pow(2, Math.Clamp(done, 0, Most));
        return done >= most ? null : new AutomaticRetry(failed + (pause < LongestPause ? pause : LongestPause), done + 1, most);
    }
}
