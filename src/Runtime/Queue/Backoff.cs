namespace Dpf.Runtime.Queue;

/// <summary>Exponential back-off with jitter.</summary>
/// <param name="First">The delay after the first failure.</param>
/// <param name="Max">The longest delay.</param>
/// <param name="Random">Where the jitter (up to a fifth of the delay) comes from.</param>
public sealed record Backoff(TimeSpan First, TimeSpan Max, Random Random)
{
    /// <summary>50 ms doubling up to 30 s: what controllers use.</summary>
    public static Backoff Default => new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30), Random.Shared);

    /// <summary>The delay after so many failures in a row (1 is the first).</summary>
    public TimeSpan Delay(int failures)
    {
        var factor = Math.Pow(2, Math.Min(failures - 1, 30));
        var delay = Math.Min(First.TotalMilliseconds * factor, Max.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(delay * (1 + (Random.NextDouble() / 5)));
    }
}
