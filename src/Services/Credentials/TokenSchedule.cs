namespace Dpf.Services.Credentials;

/// <summary>When a token is replaced: pure.</summary>
internal static class TokenSchedule
{
    /// <summary>No token is used for longer, however long it is valid.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>How far apart requests that were made together may drift.</summary>
    public static readonly TimeSpan MaxJitter = TimeSpan.FromSeconds(10);

    /// <summary>When a fifth of its life is left, or at a day's age, whichever comes first.</summary>
    public static DateTimeOffset Due(DateTimeOffset issued, DateTimeOffset expires, TimeSpan jitter)
    {
        var life = Math.Floor((expires - issued).TotalSeconds);
        var nearEnd = expires - TimeSpan.FromSeconds(Math.Floor(life * 20 / 100));
        var old = issued + MaxAge;
        return (nearEnd < old ? nearEnd : old) - jitter;
    }

    /// <summary>How long to sleep until a token is due: never nothing, which would mean for ever.</summary>
    public static TimeSpan Delay(DateTimeOffset due, DateTimeOffset now) =>
        due - now is var delay && delay > TimeSpan.FromSeconds(1) ? delay : TimeSpan.FromSeconds(1);
}
